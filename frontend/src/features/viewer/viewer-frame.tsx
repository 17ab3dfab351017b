import type { ReactNode } from 'react'

import { ServiceState } from '@/shared/ui/service-state'

interface ViewerFrameProps {
  header: ReactNode
  toolbar?: ReactNode
  children: ReactNode
}

/** A header bar; the rest is for the film and its panel. */
export function ViewerFrame({ header, toolbar, children }: ViewerFrameProps) {
  return (
    <div className="flex h-full flex-col">
      <header className="flex min-h-11 flex-wrap items-center gap-x-2 border-b border-line bg-panel px-2 lg:flex-nowrap">
        <div className="flex min-w-0 flex-1 items-center gap-x-2">{header}</div>
        <ServiceState isShownWhenReady={false} />
        {toolbar}
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="flex min-h-0 flex-1 flex-col outline-none max-lg:overflow-y-auto lg:flex-row"
      >
        {children}
      </main>
    </div>
  )
}
