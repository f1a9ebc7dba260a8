// Elements made once and then only told what has changed, so that what is being read or selected stays where it is.
// Text goes in as text: nothing that a rig sends becomes markup.

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className) element.className = className
  element.append(...children)
  return element
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export function setTitle(element: HTMLElement, text: string): void {
  if (element.title !== text) element.title = text
}

export interface View<T> {
  root: HTMLElement
  update(item: T): void
}

/** Keeps one view for each key below `parent`, behind what is in it already, in the order of the items. */
export function createList<T>(
  parent: Element,
  keyOf: (item: T) => string,
  create: () => View<T>,
): (items: T[]) => void {
  const views = new Map<string, View<T>>()
  const before = parent.children.length
  return (items) => {
    const keys = new Set(items.map(keyOf))
    for (const [key, view] of views) {
      if (keys.has(key)) continue
      view.root.remove()
      views.delete(key)
    }
    items.forEach((item, index) => {
      const key = keyOf(item)
      let view = views.get(key)
      if (!view) {
        view = create()
        views.set(key, view)
      }
      const there = parent.children[before + index]
      if (there !== view.root) parent.insertBefore(view.root, there ?? null)
      view.update(item)
    })
  }
}

export type Tone = 'ok' | 'warn' | 'bad' | 'off'

/** A state as a word; its colour and sign come from the tone. */
export function createState(): { root: HTMLElement; set(tone: Tone, word: string): void } {
  const root = make('span', 'state')
  return {
    root,
    set(tone, word) {
      if (root.dataset.tone !== tone) root.dataset.tone = tone
      setText(root, word)
    },
  }
}

export interface Fact {
  name: string
  text: string
  title?: string
}

/** Names and figures, as a description list. */
export function createFacts(parent: Element): (facts: Fact[]) => void {
  return createList<Fact>(
    parent,
    (fact) => fact.name,
    () => {
      const name = make('dt')
      const text = make('dd')
      return {
        root: make('div', '', name, text),
        update(fact) {
          setText(name, fact.name)
          setText(text, fact.text)
          setTitle(text, fact.title ?? '')
        },
      }
    },
  )
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page has no #${id}`)
  return element
}
