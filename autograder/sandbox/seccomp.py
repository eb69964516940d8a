"""The system calls that a sandbox refuses, as a classic BPF program for bwrap's --seccomp.

A refused call fails with EPERM, so an honest library that probes for it goes on; clone3 fails with ENOSYS, so that the C
library falls back to clone, whose flags can be read here. A call through another architecture's table ends the process.

A lock on a file is said to be taken, and is not: files that all sandboxes read are the host's, whose processes and neighbours
would see it. Inside, each program has its files to itself.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; system call numbers from the kernel's own tables.
"""

import errno
import platform
import struct

LOAD, JUMP_EQUAL, JUMP_SET, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER_OFFSET, ARCHITECTURE_OFFSET, FIRST_ARGUMENT_OFFSET, SECOND_ARGUMENT_OFFSET = 0, 4, 16, 24
NEW_USER_NAMESPACE = 0x10000000
X32_BIT = 0x40000000

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64)
REFUSED = {
    # memory that no process limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "vmsplice": (278, 75), "splice": (275, 76), "tee": (276, 77),
    "io_setup": (206, 0), "inotify_init1": (294, 26), "setsockopt": (54, 208), "socket": (41, 198),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    # the kernel's less travelled parts
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "personality": (135, 92), "quotactl": (179, 60), "swapon": (167, 224),
    "acct": (163, 89),
}  # fmt: skip
CLONE, CLONE3 = (56, 220), (435, 435)
FLOCK, FCNTL = (73, 32), (72, 25)
SET_LOCK = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
TELL_OF_OTHERS = (1024, 1026)  # F_SETLEASE, F_NOTIFY: who else opens a file
# Calls that one kind of processor has and the other never had.
REFUSED_ON = {"x86_64": {"inotify_init": 253, "modify_ldt": 154}, "aarch64": {}}


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def program(machine: str | None = None) -> bytes:
    """The filter for this kind of processor.

    Raises
    ------
    NotImplementedError
        If the processor is not one of ARCHITECTURES.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        raise NotImplementedError(f"The sandbox knows no system calls for the processor {machine}.")
    column = list(ARCHITECTURES).index(machine)
    refuse = _instruction(RETURN, ERRNO | errno.EPERM)
    code = [
        _instruction(LOAD, ARCHITECTURE_OFFSET),
        _instruction(JUMP_EQUAL, ARCHITECTURES[machine], 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD, NUMBER_OFFSET),
    ]
    if machine == "x86_64":
        code += [_instruction(JUMP_AT_LEAST, X32_BIT, 0, 1), _instruction(RETURN, KILL)]
    for number in [*(numbers[column] for numbers in REFUSED.values()), *REFUSED_ON[machine].values()]:
        code += [_instruction(JUMP_EQUAL, number, 0, 1), refuse]
    code += [_instruction(JUMP_EQUAL, CLONE3[column], 0, 1), _instruction(RETURN, ERRNO | errno.ENOSYS)]
    done = _instruction(RETURN, ERRNO)
    code += [_instruction(JUMP_EQUAL, FLOCK[column], 0, 1), done]
    commands = [
        step
        for numbers, outcome in ((SET_LOCK, done), (TELL_OF_OTHERS, refuse))
        for number in numbers
        for step in (_instruction(JUMP_EQUAL, number, 0, 1), outcome)
    ]
    code += [_instruction(JUMP_EQUAL, FCNTL[column], 0, len(commands) + 2)]
    code += [_instruction(LOAD, SECOND_ARGUMENT_OFFSET), *commands, _instruction(RETURN, ALLOW)]
    # clone may not make a user namespace
    code += [
        _instruction(JUMP_EQUAL, CLONE[column], 0, 4),
        _instruction(LOAD, FIRST_ARGUMENT_OFFSET),
        _instruction(JUMP_SET, NEW_USER_NAMESPACE, 0, 1),
        refuse,
        _instruction(RETURN, ALLOW),
    ]
    code.append(_instruction(RETURN, ALLOW))
    return b"".join(code)
