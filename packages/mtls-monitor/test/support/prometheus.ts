import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Meter } from '@opentelemetry/api'

export interface Scrape {
  readonly meter: Meter
  /** What Prometheus would read. */
  scrape (): Promise<string>
  /** A sample's value; undefined where there is none. */
  sample (name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>
  close (): Promise<void>
}

/** The real SDK with the exporter for Prometheus, read without its HTTP server. */
export function startPrometheus (): Scrape {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({ readers: [exporter] })
  const serializer = new PrometheusSerializer()
  const scrape = async (): Promise<string> => serializer.serialize((await exporter.collect()).resourceMetrics)
  return {
    meter: provider.getMeter('@peerkit/mtls-monitor'),
    scrape,
    async sample (name, labels = {}) {
      for (const line of (await scrape()).split('\n')) {
        const [, found, list = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
        const has = Object.fromEntries([...list.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]))
        if (found === name && Object.entries(labels).every(([key, text]) => has[key] === text)) return Number(value)
      }
      return undefined
    },
    async close () { await provider.shutdown() }
  }
}
