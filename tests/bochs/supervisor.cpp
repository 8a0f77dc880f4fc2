// Runs one static x86-64 Linux program on the bare machine that boot.S has set up: loads it,
// answers the few system calls that it makes, and powers off. One process, one thread, one file to
// read, no protection. Freestanding, and compiled without vector registers: those are the
// program's.
//
// Memory: supervisor at 31 kB, program at 4 MB, its stack below 64 MB, images of the disk beyond.
#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace {

// What run_in_bochs.py has put onto the disk: a size, then that many bytes.
struct Image {
    uint64_t size;
    char bytes[1];
};

Image* const kProgramImage = reinterpret_cast<Image*>(0x04000000);
Image* const kArgumentsImage = reinterpret_cast<Image*>(0x05000000);  // strings, each with its zero
Image* const kFileImage = reinterpret_cast<Image*>(0x06000000);       // whatever name is opened
constexpr uint32_t kFirstImageSector = 64;                            // after the supervisor
constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kStackTop = 0x04000000;
constexpr uint64_t kMaxStack = 0x00400000;
constexpr uint64_t kMaxArguments = 16;

constexpr uint16_t kSerialPort = 0x3f8;
constexpr uint16_t kDiskPorts = 0x1f0;      // of the first ATA disk
constexpr uint16_t kShutdownPort = 0x8900;  // Bochs stops when it has read "Shutdown" there
constexpr uint32_t kFsBase = 0xc0000100;
constexpr int64_t kFileDescriptor = 3;

// Linux's error numbers.
constexpr int64_t kNotFound = -2, kBadDescriptor = -9, kOutOfMemory = -12, kNotTerminal = -25,
                  kNotImplemented = -38;

uint64_t program_break;
uint64_t file_position;

void out(uint16_t port, uint32_t value) {
    asm volatile("outb %0, %1" ::"a"(static_cast<uint8_t>(value)), "Nd"(port));
}

uint8_t in(uint16_t port) {
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void copy(void* to, const void* from, uint64_t count) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

void zero(void* to, uint64_t count) {
    asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

void print(char character) {
    constexpr uint8_t kIdle = 0x40;
    out(kSerialPort, static_cast<uint8_t>(character));
    while (!(in(kSerialPort + 5) & kIdle)) {
    }
}

void print(const char* text, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) print(text[i]);
}

void print(const char* text) {
    for (; *text; ++text) print(*text);
}

void print(int64_t number) {
    if (number < 0) print("-");
    if (number < 0) number = -number;
    if (number >= 10) print(number / 10);
    print(static_cast<char>('0' + number % 10));
}

[[noreturn]] void power_off(int64_t status) {
    print("exit status ");
    print(status);
    print("\n");
    for (const char* c = "Shutdown"; *c; ++c) out(kShutdownPort, static_cast<uint8_t>(*c));
    for (;;) asm volatile("hlt");
}

[[noreturn]] void give_up(const char* reason) {
    print("supervisor: ");
    print(reason);
    print("\n");
    power_off(125);
}

uint64_t round_up_to_page(uint64_t address) {
    return (address + 4095) & ~uint64_t{4095};
}

// By programmed input, one sector a command.
void read_sector(uint32_t sector, void* to) {
    out(kDiskPorts + 2, 1);
    out(kDiskPorts + 3, sector);
    out(kDiskPorts + 4, sector >> 8U);
    out(kDiskPorts + 5, sector >> 16U);
    out(kDiskPorts + 6, 0xe0 | sector >> 24U);
    out(kDiskPorts + 7, 0x20);
    constexpr uint8_t kBusy = 0x80, kError = 0x01, kReady = 0x08;
    uint8_t status = kBusy;
    while ((status & kBusy) || !(status & (kReady | kError))) status = in(kDiskPorts + 7);
    if (status & kError) give_up("the disk cannot be read");
    uint64_t num_words = kSectorBytes / 2;
    asm volatile("rep insw" : "+D"(to), "+c"(num_words) : "d"(kDiskPorts) : "memory");
}

// The sector behind the image.
uint32_t read_image(uint32_t sector, Image* image) {
    char* to = reinterpret_cast<char*>(image);
    do {
        read_sector(sector++, to);
        to += kSectorBytes;
    } while (to < image->bytes + image->size);
    return sector;
}

void read_images() {
    uint32_t sector = kFirstImageSector;
    for (Image* image : {kProgramImage, kArgumentsImage, kFileImage}) {
        sector = read_image(sector, image);
    }
}

const Elf64_Ehdr& program_header() {
    return *reinterpret_cast<const Elf64_Ehdr*>(kProgramImage->bytes);
}

uint64_t program_segments() {
    return reinterpret_cast<uint64_t>(kProgramImage->bytes) + program_header().e_phoff;
}

// Copies the program's segments to where it wants them; what follows them is its heap.
void load_segments() {
    if (program_header().e_type != ET_EXEC) give_up("the program is not linked statically");
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(program_segments());
    for (int i = 0; i < program_header().e_phnum; ++i) {
        const Elf64_Phdr& segment = segments[i];
        if (segment.p_type != PT_LOAD) continue;
        const uint64_t end = segment.p_vaddr + segment.p_memsz;
        if (end > kStackTop - kMaxStack) give_up("the program is too large");
        char* memory = reinterpret_cast<char*>(segment.p_vaddr);
        copy(memory, kProgramImage->bytes + segment.p_offset, segment.p_filesz);
        zero(memory + segment.p_filesz, segment.p_memsz - segment.p_filesz);
        if (end > program_break) program_break = round_up_to_page(end);
    }
}

// The stack of a new process: number of arguments, pointers to them, zero; no environment, zero;
// pairs that tell about the machine.
uint64_t* push_process_start() {
    uint64_t arguments[kMaxArguments];
    uint64_t num_arguments = 0;
    const char* text = kArgumentsImage->bytes;
    while (text < kArgumentsImage->bytes + kArgumentsImage->size) {
        if (num_arguments == kMaxArguments) give_up("the program has too many arguments");
        arguments[num_arguments++] = reinterpret_cast<uint64_t>(text);
        while (*text++) {
        }
    }
    const uint64_t pairs[] = {AT_PHDR,   program_segments(),
                              AT_PHENT,  sizeof(Elf64_Phdr),
                              AT_PHNUM,  program_header().e_phnum,
                              AT_PAGESZ, 4096,
                              AT_RANDOM, reinterpret_cast<uint64_t>(kProgramImage->bytes),
                              AT_NULL,   0};
    uint64_t* stack = reinterpret_cast<uint64_t*>(kStackTop - 4096);  // aligned to 16 bytes
    uint64_t* top = stack;
    *top++ = num_arguments;
    for (uint64_t i = 0; i < num_arguments; ++i) *top++ = arguments[i];
    *top++ = 0;
    *top++ = 0;
    copy(top, pairs, sizeof pairs);
    return stack;
}

int64_t read_file(int64_t descriptor, void* to, uint64_t count) {
    if (descriptor != kFileDescriptor) return kBadDescriptor;
    const uint64_t left = kFileImage->size - file_position;
    if (count > left) count = left;
    copy(to, kFileImage->bytes + file_position, count);
    file_position += count;
    return static_cast<int64_t>(count);
}

struct Part {
    const char* text;
    uint64_t count;
};

int64_t write_parts(const Part* parts, int64_t num_parts) {
    uint64_t written = 0;
    for (int64_t i = 0; i < num_parts; ++i) {
        print(parts[i].text, parts[i].count);
        written += parts[i].count;
    }
    return static_cast<int64_t>(written);
}

int64_t move_break(uint64_t address) {
    const bool is_valid = address > program_break && address <= kStackTop - kMaxStack;
    if (is_valid) {
        zero(reinterpret_cast<void*>(program_break), address - program_break);
        program_break = address;
    }
    return static_cast<int64_t>(program_break);
}

int64_t set_thread_pointer(uint64_t address) {
    asm volatile("wrmsr" ::"a"(static_cast<uint32_t>(address)),
                 "d"(static_cast<uint32_t>(address >> 32U)), "c"(kFsBase));
    return 0;
}

}  // namespace

extern "C" {

uint64_t program_stack;

uint64_t load_program() {
    constexpr uint8_t kEightBits = 3;  // a character on the serial line
    out(kSerialPort + 3, kEightBits);
    read_images();
    load_segments();
    program_stack = reinterpret_cast<uint64_t>(push_process_start());
    return program_header().e_entry;
}

int64_t answer_system_call(uint64_t number, int64_t first, int64_t second, int64_t third) {
    switch (number) {
        case 0:  // read
            return read_file(first, reinterpret_cast<void*>(second), static_cast<uint64_t>(third));
        case 1: {  // write
            const Part part = {reinterpret_cast<const char*>(second), static_cast<uint64_t>(third)};
            return write_parts(&part, 1);
        }
        case 20:  // writev
            return write_parts(reinterpret_cast<const Part*>(second), third);
        case 12:  // brk
            return move_break(static_cast<uint64_t>(first));
        case 9:  // mmap: the allocator does with brk then
            return kOutOfMemory;
        case 257:  // openat
            file_position = 0;
            return kFileDescriptor;
        case 158: {  // arch_prctl
            constexpr int64_t kSetFs = 0x1002;
            return first == kSetFs ? set_thread_pointer(static_cast<uint64_t>(second))
                                   : kNotImplemented;
        }
        case 16:  // ioctl: is it a terminal?
            return kNotTerminal;
        case 89:   // readlink
        case 267:  // readlinkat
            return kNotFound;
        case 39:   // getpid
        case 186:  // gettid
        case 218:  // set_tid_address
            return 1;
        case 3:    // close
        case 10:   // mprotect
        case 13:   // rt_sigaction
        case 14:   // rt_sigprocmask
        case 202:  // futex: wakes nobody
            return 0;
        case 234:  // tgkill: abort
            power_off(128 + third);
        case 60:   // exit
        case 231:  // exit_group
            power_off(first);
        case 5:    // fstat
        case 228:  // clock_gettime
        case 262:  // newfstatat
        case 273:  // set_robust_list
        case 302:  // prlimit64
        case 318:  // getrandom
        case 334:  // rseq: the C library does without these
            return kNotImplemented;
        default:
            print("supervisor: system call ");
            print(static_cast<int64_t>(number));
            print(" is not implemented\n");
            return kNotImplemented;
    }
}

}  // extern "C"
