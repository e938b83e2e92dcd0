# The code of a master boot record: starts the active partition of the disk that the BIOS has loaded it from.
#
#   as --32 -o mbr_code.o mbr_code.s
#   ld -m elf_i386 -Ttext=0x600 -e 0x600 --oformat=binary -o mbr_code.bin mbr_code.o
#
# It goes by what Windows' own does: of the four entries the first that has bit 7 of its status is started, a status before it that is
# neither that nor 0 makes the table invalid, and where no entry is active the BIOS is asked for the next device (INT 18h). One sector
# is read by its LBA where the BIOS can (INT 13h, 42h), else by its CHS; five times, and then five times from drive 80h, which is the
# boot disk of a BIOS that handed on a wrong DL. What is started gets DL, and its entry at DS:SI.
#
# Registers throughout: BP the entry, DL the drive, DI the attempts that are left.

        .intel_syntax noprefix
        .code16
        .globl  _start
        .equ    LOADED, 0x7c00
        .equ    ENTRIES, 0x600 + 0x1be

_start: cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, LOADED
        mov     ds, ax
        mov     es, ax
        mov     si, sp
        mov     di, 0x600
        mov     cx, 0x100
        cld
        rep movsw
        ljmp    0, moved                # CS becomes 0 as well

moved:  sti
        mov     bp, ENTRIES
        mov     cl, 4                   # CX is 0 behind the copy
look:   cmp     byte ptr [bp], 0
        jl      found
        jne     invalid
        add     bp, 16
        loop    look
        int     0x18
        jmp     halt

found:  mov     di, 5
try:    push    dx
        mov     ah, 0x41                # is there access by LBA?
        mov     bx, 0x55aa
        int     0x13
        pop     dx
        jc      by_chs
        cmp     bx, 0xaa55
        jne     by_chs
        test    cl, 1
        jz      by_chs

        push    0                       # the packet: the LBA, 64 bits
        push    0
        push    word ptr [bp + 10]
        push    word ptr [bp + 8]
        push    0                       # to 0:LOADED
        push    LOADED
        push    1                       # one sector
        push    16                      # bytes of the packet
        mov     ah, 0x42
        mov     si, sp
        jmp     read

by_chs: mov     ax, 0x0201
        mov     bx, LOADED
        mov     dh, [bp + 1]
        mov     cx, [bp + 2]
read:   push    dx
        int     0x13
        pop     dx
        mov     sp, LOADED              # the packet goes, and the flags stay
        jnc     loaded
        dec     di
        jz      other
        xor     ax, ax                  # reset the drive
        int     0x13
        jmp     try
other:  cmp     dl, 0x80
        mov     dl, 0x80
        jne     found
        mov     si, offset unread
        jmp     say

loaded: cmp     word ptr [LOADED + 0x1fe], 0xaa55
        mov     si, offset no_code
        jne     say
        mov     si, bp
        ljmp    0, LOADED

invalid:
        mov     si, offset bad_table
say:    lodsb
        test    al, al
        jz      halt
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     say
halt:   hlt
        jmp     halt

bad_table:
        .asciz  "MBR: bad status of a partition before the active one\r\n"
unread: .asciz  "MBR: the active partition cannot be read\r\n"
no_code:
        .asciz  "MBR: the active partition has no boot record\r\n"
