// Takes a PC from its reset to long mode, then hands over to supervisor.cpp. The BIOS loads the boot
// sector, the first of the disk; the boot sector loads the supervisor, which follows it.

.set PAGE_TABLES, 0x1000            // three pages: first, second and third level
.set SUPERVISOR_SECTORS, 63         // as in supervisor.cpp
.set CODE, 8                        // offsets in the descriptor table; SYSCALL wants data after code
.set DATA, 16

.section .boot, "ax"
.code16
.globl boot
boot:
    cli
    ljmp $0, $flat
flat:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    cld
    mov $disk_packet, %si           // %dl is the disk that the BIOS has started from
    mov $0x42, %ah
    int $0x13
    jc stop
    cli
    in $0x92, %al                   // open address line 20, so that memory above 1 MB is reached
    or $2, %al
    out %al, $0x92

    // Map the first GB to itself, in pages of 2 MB.
    mov $PAGE_TABLES, %edi
    xor %eax, %eax
    mov $(3 * 4096 / 4), %ecx
    rep stosl
    movl $(PAGE_TABLES + 0x1003), PAGE_TABLES
    movl $(PAGE_TABLES + 0x2003), PAGE_TABLES + 0x1000
    mov $(PAGE_TABLES + 0x2000), %edi
    mov $0x83, %eax                 // present, writable, 2 MB
next_page:
    mov %eax, (%di)
    add $0x200000, %eax
    add $8, %di
    cmp $(PAGE_TABLES + 0x3000), %di
    jb next_page

    // Straight from real mode to long mode.
    mov $0x40620, %eax              // PAE, OSFXSR, OSXMMEXCPT, OSXSAVE
    mov %eax, %cr4
    mov $PAGE_TABLES, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx           // EFER: long mode, SYSCALL
    rdmsr
    or $0x101, %eax
    wrmsr
    lgdtl descriptors_pointer
    mov $0x80000013, %eax           // paging, protection, monitor coprocessor; not emulated
    mov %eax, %cr0
    ljmp $CODE, $long_mode

.code64
long_mode:
    mov $DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    jmp start

.code16
stop:
    hlt
    jmp stop

.balign 8
disk_packet:
    .word 16, SUPERVISOR_SECTORS, supervisor, 0     // its size, how many, to where
    .quad 1                                         // from where
descriptors:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
descriptors_pointer:
    .word . - descriptors - 1
    .long descriptors

.org 510
    .word 0xaa55
supervisor:                         // at 0x7e00: .start and the rest follow in link.ld

.section .start, "ax"
.code64
start:
    mov $supervisor_stack_top, %rsp
    // Enable what the CPU has of the states x87, SSE, AVX and AVX-512, as an operating system does.
    mov $0xd, %eax
    xor %ecx, %ecx
    cpuid
    and $0xe7, %eax
    xor %edx, %edx
    xor %ecx, %ecx
    xsetbv
    // SYSCALL goes to `system_call`, with the segments that we have.
    mov $0xc0000081, %ecx           // STAR
    xor %eax, %eax
    mov $CODE, %edx
    wrmsr
    mov $0xc0000082, %ecx           // LSTAR
    mov $system_call, %eax
    xor %edx, %edx
    wrmsr
    call load_program               // returns the entry; its stack begins at program_stack
    mov program_stack, %rsp
    xor %edx, %edx                  // no function to call at exit
    jmp *%rax

// The program runs with all privileges, so its SYSCALL is a jump: rcx has the address to return to,
// r11 the flags. Its stack is not touched: below it lies the red zone.
system_call:
    mov %rsp, program_stack
    mov $supervisor_stack_top, %rsp
    push %rcx
    push %rdi
    push %rsi
    push %rdx
    push %r10
    push %r8
    push %r9
    push %r11
    mov %rdx, %rcx
    mov %rsi, %rdx
    mov %rdi, %rsi
    mov %rax, %rdi
    call answer_system_call         // (number, first, second, third)
    popf
    pop %r9
    pop %r8
    pop %r10
    pop %rdx
    pop %rsi
    pop %rdi
    pop %rcx
    mov program_stack, %rsp
    jmp *%rcx

.section .bss
.balign 16
    .skip 16384
supervisor_stack_top:
