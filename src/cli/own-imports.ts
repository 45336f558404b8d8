import { demandGraph } from '../detect/demand.ts';
import { reversed } from '../detect/dominators.ts';
import type { Reexports } from '../detect/reexports.ts';
import type { Build, ModuleIndex } from '../model/build.ts';

/**
 * The import statements of the project's own code that lead to a target, either straight to it or through packages alone:
 * what its developers can change nearest to the target. Without all of them nothing of their code asks for it. Statements
 * through which nothing that is kept asks for the target are not among them.
 *
 * @returns positions in `build.edges`, ascending
 */
export function ownImportsOf(build: Build, targets: ReadonlySet<ModuleIndex>, reexports: Reexports | null): number[] {
  const graph = demandGraph(build, reexports);
  const { start, targets: sources } = reversed(graph);
  const isOwn = (node: number): boolean => {
    const module = graph.moduleOf[node]!;
    return module >= 0 && !targets.has(module) && build.modules[module]!.package === null;
  };
  const leads = new Uint8Array(graph.nodeCount);
  const waiting = [...targets].flatMap((module) => graph.nodesOfModule(module));
  for (const node of waiting) leads[node] = 1;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    // What leads on to own code belongs to the way there.
    if (isOwn(node)) continue;
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const source = sources[at]!;
      if (leads[source] === 1) continue;
      leads[source] = 1;
      waiting.push(source);
    }
  }
  return build.edges.flatMap(({ from }, edge) => {
    if (build.modules[from]!.package !== null || targets.has(from)) return [];
    return graph.nodesOfEdge(edge).some((node) => leads[node] === 1) ? [edge] : [];
  });
}
