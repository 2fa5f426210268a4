/** One module named by a source. */
export interface ModuleImport {
  /** The module, or undefined when its name is not a string literal. */
  specifier: string | undefined;
  line: number;
  kind: 'import' | 'export' | 'dynamic';
}

/** Modules that a source imports, re-exports from, or imports dynamically. */
export function findImports(source: string): ModuleImport[];

/** Which shapes of export a source has. */
export function findExportShapes(source: string): {
  hasDefault: boolean;
  hasStar: boolean;
  reexports: boolean;
};
