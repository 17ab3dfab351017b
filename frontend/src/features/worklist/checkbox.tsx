interface CheckboxProps {
  label: string
  checked: boolean
  tabIndex?: number
  onChange: () => void
}

/** A small checkbox with a target of 24 px. */
export function Checkbox({ label, checked, tabIndex, onChange }: CheckboxProps) {
  return (
    <label className="flex size-6 items-center justify-center">
      <input
        type="checkbox"
        aria-label={label}
        checked={checked}
        tabIndex={tabIndex}
        onChange={onChange}
        className="size-4 accent-ink"
      />
    </label>
  )
}
