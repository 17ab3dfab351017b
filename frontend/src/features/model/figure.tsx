import { useId, type ReactNode } from 'react'

import { useMessages } from '@/shared/i18n/language'

interface FigureProps {
  title: string
  /** Explanation under the drawing. */
  note?: string
  legend?: ReactNode
  children: ReactNode
  table: TableProps
}

interface TableProps {
  head: readonly string[]
  rows: readonly (readonly (string | number)[])[]
}

/** A drawing, and the same data as a table. */
export function Figure({ title, note, legend, children, table }: FigureProps) {
  const { model: text } = useMessages()
  const id = useId()
  return (
    <figure aria-labelledby={id} className="flex min-w-0 flex-col gap-2">
      <figcaption id={id} className="font-medium">
        {title}
      </figcaption>
      {legend}
      <div aria-hidden>{children}</div>
      {note !== undefined && <p className="text-muted">{note}</p>}
      <details>
        <summary className="min-h-6 text-muted">{text.asTable}</summary>
        <Table {...table} title={title} />
      </details>
    </figure>
  )
}

export function Table({ head, rows, title }: TableProps & { title: string }) {
  return (
    // eslint-disable-next-line jsx-a11y-x/no-noninteractive-tabindex -- a scrollable area must be reachable by key
    <div className="max-h-72 overflow-auto" tabIndex={0} role="region" aria-label={title}>
      <table className="w-full border-collapse">
        <thead>
          <tr>
            {head.map((name, column) => (
              <th
                key={name}
                scope="col"
                className={`sticky top-0 border-b border-line bg-ground py-1 pr-4 font-normal text-muted ${column === 0 ? 'text-left' : 'text-right'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others], row) => (
            <tr key={row}>
              <th
                scope="row"
                className="border-b border-line py-1 pr-4 text-left font-normal sm:whitespace-nowrap"
              >
                {first}
              </th>
              {others.map((value, column) => (
                <td key={column} className="border-b border-line py-1 pr-4 text-right">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Legend of the marks. */
export function Legend({ marks }: { marks: readonly (readonly [mark: string, name: string])[] }) {
  return (
    <ul aria-hidden className="flex flex-wrap gap-x-4 gap-y-1 text-xs leading-4 text-muted">
      {marks.map(([mark, name]) => (
        <li key={name} className="flex items-center gap-1.5">
          <span className={`size-3 shrink-0 ${mark}`} />
          {name}
        </li>
      ))}
    </ul>
  )
}
