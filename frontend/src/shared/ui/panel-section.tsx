import type { ReactNode } from 'react'

export function PanelSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2 border-t border-line px-4 py-3">
      <h2 className="font-semibold">{title}</h2>
      {children}
    </section>
  )
}
