/** A file that a list beside the page names. */
interface ListedFile {
  readonly name: string;
  /** Where it is, relative to the list. */
  readonly href: string;
}

/**
 * Fetches the files that the list in `?files=` names: what `dicm view` is called with, or whatever a host puts beside
 * the page. Only from where the page itself is: the content security policy allows no other origin.
 *
 * @param location - Address of the page.
 * @returns Nothing where there is no list.
 */
export async function fetchListedFiles(location: URL): Promise<File[]> {
  const list = location.searchParams.get('files');
  if (list === null) return [];
  const address = new URL(list, location);
  const listed = (await (await fetchFound(address)).json()) as ListedFile[];
  return Promise.all(
    listed.map(async ({ name, href }) => {
      const response = await fetchFound(new URL(href, address));
      const type = response.headers.get('content-type') ?? '';
      return new File([await response.blob()], name, { type });
    }),
  );
}

async function fetchFound(address: URL): Promise<Response> {
  const response = await fetch(address);
  if (!response.ok)
    throw new Error(`${address.pathname} cannot be had: ${response.status} ${response.statusText}`);
  return response;
}
