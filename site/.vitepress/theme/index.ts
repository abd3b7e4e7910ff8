import { useData, withBase, type Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h, type VNode } from 'vue'
import type { AboutPackage } from '../../src/about-package.ts'
import './style.css'

/** Above the page of a package: which version it is about, and where its types are. */
function AboutThisPackage (): VNode | undefined {
  const { frontmatter } = useData()
  const about = frontmatter.value['about'] as AboutPackage | undefined
  if (about === undefined) return undefined
  return h('div', { class: 'vp-doc' }, h('p', { class: 'about-package' }, [
    `Version ${about.version} · `,
    h('a', { href: withBase(about.api) }, 'API reference')
  ]))
}

/** Below each page: which version it is for, and where the others are. */
function VersionOfPage (): VNode {
  const { frontmatter } = useData()
  return h('div', { class: 'vp-doc' }, h('p', { class: 'about-version' }, [
    `${String(frontmatter.value['sentence'])} `,
    h('a', { href: withBase('/versions.html') }, 'Other versions')
  ]))
}

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, {
    'doc-before': () => h(AboutThisPackage),
    'doc-after': () => h(VersionOfPage)
  })
} satisfies Theme
