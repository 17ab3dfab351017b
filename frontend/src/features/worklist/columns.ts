/** Grid of header and rows; narrower screens have fewer columns. */
export const COLUMNS =
  'grid grid-cols-[1.5rem_minmax(0,1fr)_9rem] items-center gap-x-2 px-4 md:gap-x-4 ' +
  'md:grid-cols-[1.5rem_8.5rem_14rem_minmax(0,1fr)_5rem] ' +
  'lg:grid-cols-[1.5rem_8.5rem_12rem_minmax(0,1fr)_3rem_4rem_4rem_5rem_5rem] ' +
  'xl:grid-cols-[1.5rem_8.5rem_14rem_minmax(0,2fr)_minmax(0,1fr)_3rem_5rem_4rem_6rem_6rem] ' +
  // Maximum width: the eye loses its way in a wider row.
  'min-[150rem]:grid-cols-[1.5rem_8.5rem_24rem_40rem_24rem_6rem_6rem_6rem_8rem_8rem]'

export const FROM_MD = 'max-md:hidden'
export const FROM_LG = 'max-lg:hidden'
export const FROM_XL = 'max-xl:hidden'
