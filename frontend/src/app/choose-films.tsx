import { Upload } from 'lucide-react'

import { useFilePicker } from '@/features/submission/file-picker'
import { useMessages } from '@/shared/i18n/language'
import { Button, type ButtonLook } from '@/shared/ui/button'

export function ChooseFilms({ look = 'plain' }: { look?: ButtonLook }) {
  const { submit } = useMessages()
  const { pickFiles } = useFilePicker()
  return (
    <Button look={look} icon={Upload} onClick={pickFiles}>
      {submit.choose}
    </Button>
  )
}
