import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../../common/program.ts'

/**
 * Bundles a program for a worker or a child process, which do not read TypeScript, from what is in the folders now.
 * `entry`: a path in the package, or a program's text.
 */
export async function bundleProgram(entry: { path: string } | { text: string }, outfile: string): Promise<void> {
  const require = createRequire(join(packageRoot, 'package.json'))
  await build({
    ...('path' in entry
      ? { entryPoints: [join(packageRoot, entry.path)] }
      : { stdin: { contents: entry.text, resolveDir: packageRoot, loader: 'ts' as const } }),
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
    plugins: [
      {
        // Native packages are loaded from the package's node_modules, wherever the program lies.
        name: 'native',
        setup: (b) =>
          b.onResolve({ filter: /^(libsql|@duckdb\/node-(api|bindings))$/ }, ({ path }) => ({
            path: require.resolve(path),
            external: true,
          })),
      },
    ],
    banner: { js: "import { createRequire as rl_c } from 'node:module';const require = rl_c(import.meta.url);" },
  })
}
