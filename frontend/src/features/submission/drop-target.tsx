import { useEffect, useState } from 'react'

import { useMessages } from '@/shared/i18n/language'

import { droppedFiles } from './files/dropped-files'
import { useUploads } from './uploads'

/** Accepts files dropped anywhere on the page, and says so while they are dragged over it. */
export function DropTarget() {
  const { submit: text } = useMessages()
  const { submit } = useUploads()
  const [isOver, setOver] = useState(false)

  useEffect(() => {
    // The event of entering a child comes before that of leaving its parent, so both are counted.
    let depth = 0
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return
      depth += 1
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event)) return
      depth = Math.max(0, depth - 1)
      setOver(depth > 0)
    }
    const over = (event: DragEvent) => {
      if (!carriesFiles(event) || !event.dataTransfer) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'copy'
    }
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event) || !event.dataTransfer) return
      event.preventDefault()
      depth = 0
      setOver(false)
      void droppedFiles(event.dataTransfer).then(submit)
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', over)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragover', over)
      window.removeEventListener('drop', drop)
    }
  }, [submit])

  if (!isOver) return null
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-0 z-50 flex items-center justify-center border-4 border-ink bg-ground/90"
    >
      <p className="text-xl font-semibold">{text.dropNow}</p>
    </div>
  )
}

const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
