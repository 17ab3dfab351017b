import { X } from 'lucide-react'
import { useEffect, useId, useRef, type ReactNode } from 'react'

import { Button } from './button'
import { classes } from './classes'

interface DialogProps {
  title: string
  closeLabel: string
  isOpen: boolean
  onClose: () => void
  /** Narrow for a question, wide for reference. */
  width?: 'narrow' | 'wide'
  children: ReactNode
}

/** A modal dialog. The native element keeps the focus inside and adds no style element. */
export function Dialog(props: DialogProps) {
  const { title, closeLabel, isOpen, onClose, width = 'wide', children } = props
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
      className={classes(
        'm-auto max-h-[calc(100%-2rem)] w-[calc(100%-2rem)] border border-line bg-panel text-ink backdrop:bg-black/70',
        width === 'narrow' ? 'max-w-md' : 'max-w-3xl',
      )}
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
