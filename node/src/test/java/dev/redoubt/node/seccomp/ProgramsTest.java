package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.walls.WallsProbe;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.CallRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Real programs behind the filter. What a filter breaks shows as a program that does not fall back. */
final class ProgramsTest {
    @TempDir
    Path scratch;

    record Program(String name, String script) {}

    private static final List<Program> PROGRAMS = List.of(
            new Program("busybox", """
                    busybox sh -c 'mkdir a && echo hello > a/b && tar c a | gzip | gunzip | tar t && ls -lR a && mkfifo f'"""),
            new Program("bash", """
                    set -e; exec 3<>p; coproc cat; kill %1; trap 'true' TERM; (ulimit -n 100; ulimit -c 0; ulimit -a >/dev/null)
                    dd if=/dev/zero of=z bs=4k count=4 2>/dev/null; cp --sparse=always z y; cmp z y; find . | xargs ls -d
                    sort < /etc/passwd | uniq | wc -l; nice -n 5 timeout 5 true; nproc; id; touch -d yesterday z; rm -rf z"""),
            new Program("python3", """
                    python3 - <<'END'
                    import asyncio, ctypes, multiprocessing, os, select, socket, subprocess, sys, tempfile, threading, time
                    threading.Thread(target=time.sleep, args=(0.01,)).start()
                    assert subprocess.run(['true']).returncode == 0
                    a, b = socket.socketpair(); a.sendall(b'x'); assert b.recv(1) == b'x'
                    async def main():
                        async def echo(reader, writer):
                            writer.write(await reader.read(4)); await writer.drain(); writer.close()
                        server = await asyncio.start_server(echo, '127.0.0.1', 0)
                        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                        writer.write(b'ping'); assert await reader.read(4) == b'ping'; writer.close(); server.close()
                        child = await asyncio.create_subprocess_exec('true'); assert await child.wait() == 0
                    asyncio.run(main())
                    if __name__ == '__main__':
                        with multiprocessing.get_context('fork').Pool(2) as pool:
                            assert pool.map(abs, [-1, 2]) == [1, 2]
                    with tempfile.TemporaryFile() as f:
                        f.write(b'x'); os.posix_fallocate(f.fileno(), 0, 100); os.fsync(f.fileno())
                    os.sched_getaffinity(0); os.getrandom(8); os.memfd_create('m'); os.eventfd(0)
                    END"""),
            new Program("node", """
                    node -e '
                    const fs = require("fs"), net = require("net"), cp = require("child_process"), os = require("os");
                    const { Worker } = require("worker_threads");
                    fs.writeFileSync("x", "y"); fs.promises.readFile("x").then(() => {});
                    new Worker("0", { eval: true }); os.cpus(); os.freemem(); os.uptime();
                    cp.execFileSync("true"); cp.fork("-e", [], {execArgv: []}).on("error", () => {}).kill();
                    fs.watch(".").close();
                    const server = net.createServer(c => c.end("z")).listen(0, () =>
                        net.connect(server.address().port).on("data", () => server.close()));'"""),
            new Program("java", """
                    cat > T.java <<'END'
                    import java.net.*; import java.nio.file.*; import java.util.concurrent.*;
                    void main() throws Exception {
                        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) { threads.submit(() -> 1).get(); }
                        try (var server = new ServerSocket(0); var client = new Socket("localhost", server.getLocalPort())) {
                            server.accept().close(); client.getInputStream().read();
                        }
                        Files.writeString(Path.of("j"), "j"); new ProcessBuilder("true").start().waitFor();
                        System.out.println(Runtime.getRuntime().maxMemory());
                    }
                    END
                    "$JAVA" -Xshare:auto -XX:+UseG1GC -Xmx128m T.java"""),
            new Program("git", """
                    set -e; git init -q r; cd r; echo 1 > f; git add f
                    git -c user.name=a -c user.email=a@b commit -qm m; git clone -q . ../c; cd ../c; git log --oneline; git gc -q"""),
            new Program("apt-get", """
                    set -e; mkdir -p l/partial c/archives/partial
                    apt-get -o Dir::State::lists=l -o Dir::Cache=c -o APT::Sandbox::User=root update -o Dir::Etc::sourcelist=/dev/null \\
                        -o Dir::Etc::sourceparts=/dev/null
                    dpkg-query -W dpkg; dpkg-deb --version | head -1"""),
            // Ends when it cannot set the core limit
            new Program("gpg", "gpg --version | head -1"),
            new Program("perl", """
                    perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die; fork or exit; wait; print -s "/etc/passwd"'"""));

    static Stream<Arguments> programs() {
        return Stream.of("minimal", "default", "development")
                .flatMap(profile -> PROGRAMS.stream().map(program -> Arguments.of(profile, program)));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void works(String profile, Program program) {
        CallRules calls = BuiltIns.find(profile).orElseThrow().calls();
        assumeTrue(
                program.name().equals("java") || WallsProbe.find(program.name()).isPresent());
        WallsProbe probe =
                WallsProbe.in(scratch).behindFilter(Filter.compile(calls).bytes());
        WallsProbe.Outcome outcome = run(probe, program);
        assertThat(outcome.exit()).as("%s%n%s", outcome.out(), outcome.err()).isZero();
        assertThat(outcome.err()).doesNotContain("not permitted", "not implemented");
    }

    private WallsProbe.Outcome run(WallsProbe probe, Program program) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(Arrays.asList("/usr/bin/env", "-C", scratch.toString()));
        command.addAll(List.of("HOME=" + scratch, "JAVA=" + java, "bash", "-c", program.script()));
        return probe.run("exec", command);
    }
}
