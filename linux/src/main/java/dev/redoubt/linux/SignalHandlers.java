package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What this process does when a signal comes (sigaction(2)), for any signal that can be caught: Java itself offers neither
 * SIGQUIT, which makes it print its threads, nor SIGUSR2.
 *
 * <p>Nothing of Java may run in a signal handler (signal-safety(7)). The handler is the machine code below, which writes
 * the signal's number into a pipe and returns; a thread reads there and calls Java.
 */
public final class SignalHandlers implements AutoCloseable {
    private static final long MMAP = 9;
    private static final long MPROTECT = 10;
    private static final long RT_SIGACTION = 13;
    private static final long FCNTL = 72;
    private static final long F_SETFL = 4;
    private static final long O_NONBLOCK = 0x800;
    private static final long PAGE = 4096;
    private static final long PROT_READ = 1;
    private static final long PROT_WRITE = 2;
    private static final long PROT_EXEC = 4;
    private static final long MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long SIG_IGN = 1;
    private static final long SA_RESTORER = 0x0400_0000;
    private static final long SA_ONSTACK = 0x0800_0000;
    private static final long SA_RESTART = 0x1000_0000;
    private static final long SIGNAL_SET = 8;
    /** struct kernel_sigaction of x86-64: handler, flags, restorer, mask. */
    private static final long ACTION = 32;

    /**
     * x86-64, called as {@code handler(int signal)}. A full pipe loses the signal, as signals that wait already do; no
     * register that matters is changed, and errno is libc's and not touched.
     */
    private static final byte[] HANDLER = {
        0x57, // push rdi, the signal's number, low byte first
        (byte) 0xb8,
        1,
        0,
        0,
        0, // mov eax, 1 (write)
        (byte) 0xbf,
        0,
        0,
        0,
        0, // mov edi, the pipe
        0x48,
        (byte) 0x89,
        (byte) 0xe6, // mov rsi, rsp
        (byte) 0xba,
        1,
        0,
        0,
        0, // mov edx, 1 byte
        0x0f,
        0x05, // syscall
        0x58, // pop rax
        (byte) 0xc3, // ret
    };

    private static final int PIPE_AT = 7;

    /** Where the kernel lets a handler return to; libc has one of its own and shows it to nobody. */
    private static final byte[] RESTORER = {
        (byte) 0xb8,
        15,
        0,
        0,
        0, // mov eax, 15 (rt_sigreturn)
        0x0f,
        0x05, // syscall
    };

    private final List<Runnable> before = new ArrayList<>();
    private final Map<Integer, Runnable> own;

    private SignalHandlers(Map<Integer, Runnable> own) {
        this.own = own;
    }

    /**
     * From now until closed, a signal runs what is given for its number, on a thread of this class. A signal that this
     * process was started to ignore stays ignored (nohup(1)).
     *
     * @throws LinuxException EINVAL for a signal that cannot be caught
     */
    public static SignalHandlers set(Map<Integer, Runnable> handlers) {
        SignalHandlers set = new SignalHandlers(Map.copyOf(handlers));
        try {
            set.own.keySet().forEach(set::begin);
            return set;
        } catch (LinuxException refused) {
            set.close();
            throw refused;
        }
    }

    private void begin(int signal) {
        long[] old = exchange(signal, null);
        if (old[0] == SIG_IGN) {
            return;
        }
        Relay.HANDLERS.put(signal, own.get(signal));
        exchange(
                signal, new long[] {Relay.CODE, SA_RESTORER | SA_ONSTACK | SA_RESTART, Relay.CODE + HANDLER.length, 0});
        before.add(() -> {
            exchange(signal, old);
            Relay.HANDLERS.remove(signal);
        });
    }

    /** Signals do again what they did before. */
    @Override
    public void close() {
        before.forEach(Runnable::run);
        before.clear();
    }

    /** @return what was set before */
    private static long[] exchange(int signal, long @Nullable [] wanted) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment old = arena.allocate(ACTION, 8);
            long next =
                    wanted == null ? 0 : arena.allocateFrom(JAVA_LONG, wanted).address();
            Syscall.check("sigaction", "signal " + signal, RT_SIGACTION, signal, next, old.address(), SIGNAL_SET);
            return old.toArray(JAVA_LONG);
        }
    }

    /** The pipe and the code: once for the process and never freed, for a handler may be running whenever one is replaced. */
    private static final class Relay {
        static final Map<Integer, Runnable> HANDLERS = new ConcurrentHashMap<>();
        private static final Pipe PIPE = Pipe.open();
        static final long CODE = code(PIPE.writing().number());

        static {
            Syscall.check("fcntl", "O_NONBLOCK", FCNTL, PIPE.writing().number(), F_SETFL, O_NONBLOCK);
            Thread.ofPlatform().name("redoubt-signals").daemon().start(Relay::read);
        }

        private Relay() {}

        /** Writable first, then executable, never both. */
        private static long code(int pipe) {
            long page = Syscall.check(
                    "mmap", "a page", MMAP, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
            MemorySegment code = MemorySegment.ofAddress(page).reinterpret(PAGE);
            MemorySegment.copy(HANDLER, 0, code, JAVA_BYTE, 0, HANDLER.length);
            code.set(JAVA_INT.withByteAlignment(1), PIPE_AT, pipe);
            MemorySegment.copy(RESTORER, 0, code, JAVA_BYTE, HANDLER.length, RESTORER.length);
            Syscall.check("mprotect", "a page of code", MPROTECT, page, PAGE, PROT_READ | PROT_EXEC);
            return page;
        }

        private static void read() {
            byte[] signal = new byte[1];
            while (Descriptors.read(PIPE.reading().number(), signal) == 1) {
                Runnable handler = HANDLERS.get((int) signal[0]);
                if (handler != null) {
                    handler.run();
                }
            }
        }
    }
}
