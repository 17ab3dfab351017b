import { Contrast } from 'lucide-react'
import { useLocation } from 'wouter'

import { useReadInverted } from '@/shared/api/read-inverted'
import type { Item, Job } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { filmPath } from '@/shared/lib/paths'
import { Button } from '@/shared/ui/button'
import { Refusal } from '@/shared/ui/refusal'

/** True if a film was refused as inverted, and can be submitted again to be read inverted. */
export const isReadableInverted = ({ result, photometric, links }: Item) =>
  (result?.reasons ?? []).some(({ code }) => code === 'inverted') &&
  photometric === 'as_stored' &&
  links.upload !== null

/** Button that submits a film again with black and white exchanged, and opens the new film. */
export function ReadInverted({ item, job }: { item: Item; job: Job | undefined }) {
  const { viewer } = useMessages()
  const [, navigate] = useLocation()
  const read = useReadInverted()
  const submit = () =>
    read.mutate(
      { item, job },
      { onSuccess: ({ id }) => navigate(filmPath(id, 0, { kind: 'jobs', ids: [id] })) },
    )
  return (
    <>
      <Button icon={Contrast} className="self-start" disabled={read.isPending} onClick={submit}>
        {viewer.readInverted}
      </Button>
      {read.error && <Refusal notDone={viewer.notReadInverted} error={read.error} />}
    </>
  )
}
