import './styles/tokens.css';
import './styles/layout.css';
import './styles/controls.css';
import './styles/picture.css';
import './styles/answers.css';
import './styles/bytes.css';
import { bytesPanel } from './bytes/bytes-panel.js';
import { addFiles, appendEntries } from './files/add-files.js';
import { fetchListedFiles } from './files/listed-files.js';
import { fetchSamples } from './files/samples.js';
import { answersPanel } from './parts/answers-panel.js';
import { breakPanel } from './parts/break-panel.js';
import { dropZone } from './parts/drop-zone.js';
import { fileList } from './parts/file-list.js';
import { foot } from './parts/foot.js';
import { picturePanel } from './parts/picture-panel.js';
import { ratePanel } from './parts/rate-panel.js';
import { topBar } from './parts/top-bar.js';
import { describeFailure } from './state/describe-failure.js';
import { element, replaceContent } from './state/dom.js';
import type { PageState, PageStore } from './state/page-state.js';
import { openStore } from './state/store.js';
import { runDesk } from './work/desk.js';
import { openNetwork } from './work/open-network.js';

/** Quality at which files are small and answers usually still right. */
const FIRST_QUALITY = 30;

const initial: PageState = {
  entries: [],
  selectedId: undefined,
  quality: FIRST_QUALITY,
  effort: 1,
  layers: {
    photograph: true,
    rebuilt: undefined,
    bitMap: undefined,
    boxes: true,
    masks: true,
    minScore: 0.3,
  },
  network: { state: 'opening' },
  isReadingAll: false,
  activity: '',
  download: undefined,
  litField: undefined,
  notice: '',
};

const store = openStore(initial);
replaceContent(
  document.querySelector('#page')!,
  topBar(store),
  fileList(store),
  element(
    'main',
    { class: 'main' },
    picturePanel(store),
    element('div', { class: 'side' }, ratePanel(store), answersPanel(store)),
    breakPanel(store),
    bytesPanel(store),
  ),
  foot(store),
  dropZone(store),
);
void fillList(store);
void openNetwork(store).then((codecs) => runDesk(store, codecs));

/** Brings the photographs that come with the page, and before them the files of a list beside it. */
async function fillList(into: PageStore): Promise<void> {
  try {
    const [samples, listed] = await Promise.all([
      fetchSamples(),
      fetchListedFiles(new URL(location.href)).catch((error: unknown) => {
        into.set({ notice: describeFailure(error).message });
        return [];
      }),
    ]);
    // Someone may have dropped a file already, which stays selected.
    appendEntries(into, samples);
    // Before the samples, and selected: at once, so that no work begins on what is not looked at.
    if (listed.length > 0) await addFiles(into, listed);
  } catch (error) {
    into.set({ notice: describeFailure(error).message });
  }
}
