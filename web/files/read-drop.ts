/** Files that were dropped, pasted or chosen, those in folders too, in the order of their paths. */
export async function filesOf(data: DataTransfer): Promise<File[]> {
  // Entries are there only during the event, so all are taken before anything is waited for.
  const entries = [...data.items].flatMap((item) => {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry() : null;
    return entry === null ? [] : [entry];
  });
  if (entries.length === 0) return [...data.files];
  const found: { path: string; file: File }[] = [];
  for (const entry of entries) await collect(entry, found);
  found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return found.map(({ file }) => file);
}

async function collect(entry: FileSystemEntry, found: { path: string; file: File }[]): Promise<void> {
  if (entry.name.startsWith('.')) return;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath, file });
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    // A call gives some of them; an empty answer is the end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) break;
      for (const inner of some) await collect(inner, found);
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
