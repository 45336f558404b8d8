/** Makes a synthetic build of a size, packs it and writes its report; says what each took (JSON on stdout). */
import { writeReport } from 'pare';
import { packBuild } from '../reports/packed-build.ts';
import { syntheticBuild } from '../test/reports/synthetic-build.ts';

const [count, file] = process.argv.slice(2);
const build = syntheticBuild(Number(count));
const made = cpuSeconds();
const packed = JSON.stringify(packBuild(build)).length;
const packedAt = cpuSeconds();
const bytes = await writeReport(file!, `${count} modules`, [{ name: 'synthetic', build }]);
const written = cpuSeconds();
const { maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    packSeconds: packedAt - made,
    reportSeconds: written - packedAt,
    packedBytes: packed,
    reportBytes: bytes,
    megabytes: maxRSS / 1024,
  }),
);

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
