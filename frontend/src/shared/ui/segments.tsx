import { ToggleGroup } from 'radix-ui'
import type { ReactNode } from 'react'

interface SegmentsProps<T extends string> {
  label: string
  value: T
  choices: readonly { value: T; label: string; content?: ReactNode }[]
  onChange: (value: T) => void
}

/** A choice of a few values, all visible. */
export function Segments<T extends string>({ label, value, choices, onChange }: SegmentsProps<T>) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      // Clicking the chosen value again would leave none chosen.
      onValueChange={(next) => next !== '' && onChange(next as T)}
      className="inline-flex rounded-sm border border-edge"
    >
      {choices.map((choice) => (
        <ToggleGroup.Item
          key={choice.value}
          value={choice.value}
          className="h-7 flex-1 px-3 whitespace-nowrap text-muted first:rounded-l-xs last:rounded-r-xs not-first:border-l not-first:border-edge hover:text-ink data-[state=on]:bg-ink data-[state=on]:text-ground"
        >
          {choice.content ?? choice.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
