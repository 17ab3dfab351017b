import { X } from 'lucide-react'
import { useEffect, useId, useRef, type ReactNode } from 'react'

import { Button } from './button'

interface DialogProps {
  title: string
  closeLabel: string
  isOpen: boolean
  onClose: () => void
  children: ReactNode
}

/** A modal dialog. The browser's own: it keeps the focus inside and adds no style element. */
export function Dialog({ title, closeLabel, isOpen, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onClose={onClose}
      className="m-auto max-h-[calc(100%-2rem)] w-full max-w-3xl border border-line bg-panel text-ink backdrop:bg-black/70"
    >
      {isOpen && (
        <>
          <div className="flex items-center justify-between border-b border-line py-2 pr-2 pl-6">
            <h2 id={heading} className="text-base font-semibold">
              {title}
            </h2>
            <Button look="quiet" icon={X} onClick={onClose}>
              {closeLabel}
            </Button>
          </div>
          {children}
        </>
      )}
    </dialog>
  )
}
