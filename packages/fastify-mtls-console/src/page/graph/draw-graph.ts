import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { shorten, thicknessOf } from './graph.ts'
import type { Graph, GraphNode } from './graph.ts'

/** Characters that fit into a node of a width. */
const CHARACTER = 7.4
const PADDING = 14
const NODE = 48
const STEP = 60
/** Between the ends of two edges at the service. */
const SPREAD = 15

interface Box { readonly x: number, readonly y: number, readonly width: number }

/** The graph from left to right: clients, the service, servers. */
export function drawWide ({ service, callers, servers }: Graph): Html {
  const rows = Math.max(callers.length, servers.length, 2)
  const height = rows * STEP
  const top = (count: number): number => (height - count * STEP) / 2 + (STEP - NODE) / 2
  const tall = Math.max(64, rows * SPREAD + 16)
  const center: Box = { x: 400, y: (height - tall) / 2, width: 200 }
  const arrival = (index: number, count: number): number => height / 2 + (index - (count - 1) / 2) * SPREAD
  const left = callers.map((node, index) => {
    return { node, box: { x: 2, y: top(callers.length) + index * STEP, width: 290 } }
  })
  const right = servers.map((node, index) => {
    return { node, box: { x: 708, y: top(servers.length) + index * STEP, width: 290 } }
  })
  const edges = [
    ...left.map(({ node, box }, index) => {
      return edge(node, [box.x + box.width, box.y + NODE / 2], [center.x, arrival(index, left.length)])
    }),
    ...right.map(({ node, box }, index) => {
      return edge(node, [center.x + center.width, arrival(index, right.length)], [box.x, box.y + NODE / 2])
    })
  ]
  return html`<svg class="graph wide-graph" viewBox="0 0 1000 ${height}" role="group"
  aria-label="Who calls whom">${edges}${serviceBox(service, center, tall)}${[...left, ...right].map(drawNode)}</svg>`
}

/** The same from top to bottom, for a phone. */
export function drawNarrow ({ service, callers, servers }: Graph): Html {
  const box = (index: number): Box => ({ x: 34, y: 2 + index * STEP, width: 304 })
  const center: Box = { x: 34, y: 2 + callers.length * STEP + 6, width: 304 }
  const below = center.y + NODE + 18
  const upper = callers.map((node, index) => ({ node, box: box(index) }))
  const lower = servers.map((node, index) => ({ node, box: { ...box(0), y: below + index * STEP } }))
  const height = below + servers.length * STEP
  const middle = center.y + NODE / 2
  const edges = [
    ...upper.map(({ node, box: { x, y } }, index) => rail(node, [x, y + NODE / 2], [x, middle - 6], 4 + index % 3 * 6)),
    ...lower.map(({ node, box: { x, y } }, index) => rail(node, [x, middle + 6], [x, y + NODE / 2], 4 + index % 3 * 6))
  ]
  return html`<svg class="graph narrow-graph" viewBox="0 0 340 ${height}" role="group"
  aria-label="Who calls whom">${edges}${serviceBox(service, center, NODE)}${[...upper, ...lower].map(drawNode)}</svg>`
}

type Point = readonly [x: number, y: number]

function edge (node: GraphNode, [fromX, fromY]: Point, [toX, toY]: Point): Html {
  const bend = (toX - fromX) / 2
  const end = toX - 9
  return line(node, `M${fromX} ${fromY}C${fromX + bend} ${fromY} ${end - bend} ${toY} ${end} ${toY}`, [toX, toY])
}

/** A line that leaves a node to the left and enters another from there. */
function rail (node: GraphNode, [fromX, fromY]: Point, [toX, toY]: Point, x: number): Html {
  return line(node, `M${fromX} ${fromY}H${x}V${toY}H${toX - 9}`, [toX, toY])
}

function line ({ tone, weight }: GraphNode, path: string, [x, y]: Point): Html {
  const thickness = `w${thicknessOf(weight)}`
  return html`<path class="edge ${tone} ${thickness}" d="${path}"/><path class="head ${tone}"
  d="M${x} ${y}l-10 -6v12z"/>`
}

function serviceBox (service: string, { x, y, width }: Box, height: number): Html {
  const name = shorten(service, Math.floor((width - PADDING) / CHARACTER))
  return html`<g class="node service"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/><text
  x="${x + width / 2}" y="${y + height / 2 - 4}" text-anchor="middle">${name}</text><text class="note"
  x="${x + width / 2}" y="${y + height / 2 + 14}" text-anchor="middle">this service</text></g>`
}

function drawNode ({ node, box }: { readonly node: GraphNode, readonly box: Box }): Html {
  const { name, note, tone, href } = node
  const { x, y, width } = box
  const room = Math.floor((width - 2 * PADDING) / CHARACTER)
  const content = html`<rect x="${x}" y="${y}" width="${width}" height="${NODE}" rx="10"/><text
  x="${x + PADDING}" y="${y + 20}">${shorten(name, room)}</text><text class="note"
  x="${x + PADDING}" y="${y + 37}">${shorten(note, room + 6)}</text>`
  return href === undefined
    ? html`<g class="node ${tone}"><title>${name}</title>${content}</g>`
    : html`<a class="node ${tone}" href="${href}"><title>${name}</title>${content}</a>`
}
