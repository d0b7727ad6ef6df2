// Loader of test files and what they import: fresh ES modules, mutated texts in place of the built ones.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';

/** Values that a module exports, by name. */
type Exports = Readonly<Record<string, unknown>>;

function synthetic(identifier: string, exports: Exports): vm.Module {
  const names = [...new Set(['default', ...Object.keys(exports)])];
  return new vm.SyntheticModule(
    names,
    function fill(this: vm.SyntheticModule) {
      for (const name of names) this.setExport(name, exports[name]);
    },
    { identifier },
  );
}

/**
 * Modules of files are evaluated once per graph, so that a new graph is a program that has just started.
 * Packages and Node's own modules are those of this thread: they hold nothing of ours.
 */
export class ModuleGraph {
  readonly #texts: ReadonlyMap<string, string>;
  /** What takes the place of a package, by its name. */
  readonly #instead: Readonly<Record<string, Exports>>;
  readonly #modules = new Map<string, Promise<vm.Module>>();

  constructor(texts: ReadonlyMap<string, string>, instead: Readonly<Record<string, Exports>>) {
    this.#texts = texts;
    this.#instead = instead;
  }

  async import(path: string): Promise<void> {
    const module = await this.#moduleOf(path, path);
    await this.#start(module);
  }

  async #start(module: vm.Module): Promise<vm.Module> {
    if (module.status === 'unlinked')
      await module.link((name, { identifier }) => this.#moduleOf(name, identifier));
    await module.evaluate();
    return module;
  }

  #moduleOf(name: string, importer: string): Promise<vm.Module> {
    const key = name.startsWith('.')
      ? resolve(dirname(importer), name)
      : name.startsWith('file:')
        ? fileURLToPath(name)
        : name;
    const known = this.#modules.get(key);
    if (known !== undefined) return known;
    const module = key.startsWith('/') ? Promise.resolve(this.#read(key)) : this.#package(key);
    this.#modules.set(key, module);
    return module;
  }

  #read(path: string): vm.Module {
    const url = pathToFileURL(path).href;
    return new vm.SourceTextModule(this.#texts.get(path) ?? readFileSync(path, 'utf8'), {
      identifier: path,
      initializeImportMeta: (meta) => {
        meta.url = url;
      },
      importModuleDynamically: async (name: string) => this.#start(await this.#moduleOf(name, path)),
    });
  }

  async #package(name: string): Promise<vm.Module> {
    return synthetic(name, this.#instead[name] ?? ((await import(name)) as Exports));
  }
}
