// Type-checks each part of the project with its own tsconfig, all at once.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './entries.mjs';

const projects = ['tsconfig.json', 'src/runtime/tsconfig.json', 'reports/page/tsconfig.json'];
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const check = (project) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [tsc, '--noEmit', '-p', project], { cwd: root, stdio: 'inherit' });
    child.on('close', (code) => resolve({ project, passed: code === 0 }));
  });

const results = await Promise.all(projects.filter((project) => existsSync(join(root, project))).map(check));
for (const { project, passed } of results) console.log(`${passed ? 'right' : 'WRONG'}  ${project}`);
if (results.some(({ passed }) => !passed)) process.exitCode = 1;
