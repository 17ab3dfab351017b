import { ThumbsDown, ThumbsUp } from 'lucide-react'

import type { Opinion } from '@/shared/api/wire'

const ICONS = { agree: ThumbsUp, disagree: ThumbsDown }

export function OpinionIcon({ opinion }: { opinion: Opinion }) {
  const Icon = ICONS[opinion]
  return <Icon aria-hidden size="1rem" className="shrink-0" />
}
