/** Any part of the card, as headings, terms and tables. */
export function CardTree({ value, depth = 2 }: { value: object; depth?: number }) {
  const entries = Object.entries(value) as [string, unknown][]
  const plain = entries.filter(([, entry]) => !isNested(entry))
  const nested = entries.filter((entry): entry is [string, object] => isNested(entry[1]))
  const Heading = `h${Math.min(depth, 6)}` as 'h2'
  return (
    <>
      {plain.length > 0 && (
        <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[14rem_minmax(0,1fr)]">
          {plain.map(([name, entry]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{words(name)}</dt>
              <dd className="break-words max-sm:mb-2">{plainText(entry)}</dd>
            </div>
          ))}
        </dl>
      )}
      {nested.map(([name, entry]) => (
        <section key={name} className={depth === 2 ? 'mt-6 border-t border-line pt-4' : 'mt-4'}>
          <Heading className="mb-2 font-semibold">{words(name)}</Heading>
          {isTable(entry) ? (
            <Table rows={entry} />
          ) : (
            <div className={depth > 2 ? 'border-l border-line pl-4' : ''}>
              <CardTree value={entry} depth={depth + 1} />
            </div>
          )}
        </section>
      ))}
    </>
  )
}

function Table({ rows }: { rows: readonly Record<string, unknown>[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return (
    // eslint-disable-next-line jsx-a11y-x/no-noninteractive-tabindex -- a scrollable area must be reachable by key
    <div className="overflow-x-auto" tabIndex={0}>
      <table className="w-full border-collapse text-left">
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column}
                scope="col"
                className="border-b border-line py-1 pr-4 font-normal text-muted"
              >
                {words(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className="border-b border-line py-1 pr-4">
                  {plainText(row[column])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isNested = (value: unknown): value is object =>
  isObject(value) && (Array.isArray(value) ? value.some(isObject) : true)

const isTable = (value: unknown): value is Record<string, unknown>[] =>
  Array.isArray(value) && value.every(isObject)

/** `training_data_digest` as words. */
function words(name: string): string {
  const text = name.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') {
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
  }
  if (Array.isArray(value)) return value.map(plainText).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
