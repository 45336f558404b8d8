import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DATA_SLOT, renderHtmlReport } from '../../reports/html.ts';
import { packBuild } from '../../reports/packed-build.ts';
import type { ReportData } from '../../reports/report-data.ts';
import { builtTemplate } from './report-file.ts';
import { HOSTILE_PACKAGE, smallBuild } from './small-build.ts';

const data: ReportData = {
  schema: 'pare/report@1',
  title: `$& ${HOSTILE_PACKAGE}`,
  builds: [{ name: HOSTILE_PACKAGE, build: packBuild(smallBuild()) }],
};

describe('the report as HTML', () => {
  it('holds no markup of the data', async () => {
    const template = await builtTemplate();
    const html = renderHtmlReport(data, template);
    expect(html).not.toContain('<script>window.attacked');
    expect(html).not.toContain('<img src=x');
    expect(html.match(/<script/g)?.length).toBe((template.match(/<script/g)?.length ?? 0) + 2);
  });

  it('says the same for the same data', async () => {
    const template = await builtTemplate();
    expect(renderHtmlReport(data, template)).toBe(renderHtmlReport(data, template));
  });

  it('refuses a template without a slot', () => {
    expect(() => renderHtmlReport(data, '<p>')).toThrow(expect.objectContaining({ code: 'report-template' }));
    expect(() => renderHtmlReport(data, DATA_SLOT + DATA_SLOT)).toThrow(
      expect.objectContaining({ code: 'report-template' }),
    );
  });

  it('allows its own script and style by their hashes and nothing else', async () => {
    const template = await builtTemplate();
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(template)?.[1] ?? '';
    const inside = (tag: string): string => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(template)?.[1] ?? '';
    const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hashOf(inside('script'))};`);
    expect(policy).toContain(`style-src ${hashOf(inside('style'))};`);
    expect(policy).not.toContain('unsafe');
  });

  it('is small: at most 150 KB over the data', async () => {
    expect(Buffer.byteLength(await builtTemplate())).toBeLessThan(150_000);
  });
});
