import { element } from '../state/dom.js';

const THEMES = { system: 'System', light: 'Light', dark: 'Dark' } as const;
type Theme = keyof typeof THEMES;

const STORED = 'dicm-theme';

/** A choice of light and dark; what the system has unless one is made, which is remembered. */
export function themeChoice(): HTMLElement {
  const select = element('select', { id: 'theme' });
  const chosen = storedTheme();
  for (const [value, word] of Object.entries(THEMES)) {
    select.append(element('option', { value, selected: value === chosen }, word));
  }
  apply(chosen);
  select.addEventListener('change', () => {
    const theme = select.value as Theme;
    apply(theme);
    try {
      localStorage.setItem(STORED, theme);
    } catch {
      // Storage may be forbidden; the theme then lasts as long as the page.
    }
  });
  return element('label', { class: 'theme' }, element('span', { class: 'hidden' }, 'Theme'), select);
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORED);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}
