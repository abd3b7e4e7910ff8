import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api'
import { metricCatalogue } from './metric-catalogue.ts'
import type { MetricName } from './metric-catalogue.ts'

/** In seconds: from one microsecond (a fast decision) to ten seconds (a slow OCSP responder). */
const BOUNDARIES = [1e-6, 1e-5, 1e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Creates instruments from the catalogue, so that name, unit and description are the documented ones. */
export class Instruments {
  readonly #meter: Meter
  readonly #counters = new Map<MetricName, Counter>()

  constructor (meter: Meter) {
    this.#meter = meter
  }

  counter (name: MetricName): Counter {
    let counter = this.#counters.get(name)
    if (counter === undefined) this.#counters.set(name, counter = this.#meter.createCounter(name, describe(name)))
    return counter
  }

  histogram (name: MetricName): Histogram {
    return this.#meter.createHistogram(name, { ...describe(name), advice: { explicitBucketBoundaries: BOUNDARIES } })
  }

  gauge (name: MetricName): ObservableGauge { return this.#meter.createObservableGauge(name, describe(name)) }
}

function describe (name: MetricName): { unit: string, description: string } {
  const { unit, about } = metricCatalogue[name]
  return { unit, description: about }
}
