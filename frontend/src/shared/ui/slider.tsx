import { useId } from 'react'

interface SliderProps {
  label: string
  value: number
  min: number
  max: number
  step: number
  /** The value as text, with its unit. */
  text: string
  onChange: (value: number) => void
}

/** A value that is dragged, clicked or stepped by arrow keys. */
export function Slider({ label, value, min, max, step, text, onChange }: SliderProps) {
  const id = useId()
  return (
    <div className="grid grid-cols-[6rem_minmax(0,1fr)_3.5rem] items-center gap-x-2">
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
      <input
        id={id}
        type="range"
        className="slider"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      <span aria-hidden className="text-right">
        {text}
      </span>
    </div>
  )
}
