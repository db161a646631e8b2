package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Real programs whose every open is the broker's say what they say when nobody stands between. They are this machine's,
 * shown read-only inside.
 */
class HiddenFilesProgramsTest {
    private static final PathPatterns PATTERNS = new PathPatterns(List.of("**/.env", "/srv/**/keys/*"));

    private record Program(String path, String script) {}

    private static final List<Program> PROGRAMS = List.of(
            new Program("/usr/bin/python3", """
                    python3 - <<'END'
                    import concurrent.futures, json, os, sqlite3, ssl, subprocess, sys, tempfile, threading
                    writer = threading.Thread(target=lambda: open('/tmp/x', 'w').write('y')); writer.start(); writer.join()
                    print(subprocess.run(['id', '-u'], capture_output=True).stdout, open('/tmp/x').read())
                    with tempfile.TemporaryFile() as f: f.write(b'1')
                    db = sqlite3.connect('/tmp/db'); db.execute('create table t(a)'); db.commit()
                    print(db.execute('select count(*) from t').fetchall())
                    with concurrent.futures.ThreadPoolExecutor(8) as pool:
                        print(sum(pool.map(lambda i: len(open('/etc/group').read()), range(400))))
                    END"""),
            new Program("/usr/bin/node", """
                    node -e '
                    const fs = require("fs"); fs.writeFileSync("/tmp/n", "z");
                    Promise.all(Array.from({length: 200}, () => fs.promises.readFile("/tmp/n"))).then(x => console.log(x.length));
                    console.log(require("child_process").execFileSync("id", ["-g"]).toString(), process.memoryUsage().rss > 0);'"""),
            new Program("/usr/bin/git", """
                    git init -q r && cd r && echo 1 >f && git add f && git -c user.name=a -c user.email=a@b commit -qm message &&
                    git clone -q . ../c && cd ../c && git log --format=%s && git gc -q && git status --short"""),
            new Program("/usr/bin/gcc", "echo 'int main(void) { return 3; }' >t.c && gcc -o t t.c; ./t; echo $?"),
            new Program("/usr/bin/perl", """
                    perl -e 'open(F, "<", "/etc/group") or die; @l = <F>; print scalar(@l), -s "/etc/group"'"""),
            new Program("/usr/bin/bash", """
                    bash -c 'cat <(echo substituted) - <<<here; coproc cat; for i in 1 2 3; do echo $i >>w; done; sort -r w; wc -l </proc/self/maps >/dev/null && echo maps'"""),
            new Program("/usr/bin/ps", "ps ax -o user= | sort -u; ps -o comm= -p $$"));

    private static SandboxSpec spec() throws IOException {
        List<HostMount> mounts = new ArrayList<>();
        for (String directory : List.of("/usr", "/lib", "/lib64")) {
            if (Files.isDirectory(Path.of(directory))) {
                mounts.add(new HostMount(Path.of(directory).toRealPath(), directory, true));
            }
        }
        return new SandboxSpec(
                "busybox",
                Profile.DEFAULT,
                Limits.DEFAULT.withMemory(Size.ofMib(1024)).withCpus(new Cpus(2000)),
                NetworkMode.NONE,
                false,
                "sandbox",
                mounts,
                0);
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private static Program javaProgram() {
        return new Program(java().toString(), """
                echo 'void main() throws Exception { System.out.println(Runtime.getRuntime().maxMemory());
                System.out.println(java.nio.file.Files.readString(java.nio.file.Path.of("/etc/group")).length()); }' >T.java
                JAVA -Xmx64m T.java""".replace("JAVA", java().toString()));
    }

    private static String said(Sandbox sandbox, String script) throws Exception {
        String all = "exec 2>&1; export HOME=/tmp PATH=/usr/bin:/bin:/usr/sbin\n" + script;
        RunRequest request = RunRequest.exec("sh", "-c", all).withUser("1000").withDirectory("/tmp");
        return Jobs.run(sandbox, request).text();
    }

    @Test
    void theyDoNotNotice() throws Exception {
        List<Program> here = Stream.concat(PROGRAMS.stream(), Stream.of(javaProgram()))
                .filter(program -> program.path().startsWith("/usr/") && Files.isExecutable(Path.of(program.path())))
                .toList();
        assumeTrue(!here.isEmpty(), "none of the programs is on this machine");
        try (Place place = Place.make();
                Node node = place.open(place.settings())) {
            for (Program program : here) {
                try (Sandbox plain = node.create(spec());
                        Sandbox hiding = node.create(spec().hiding(PATTERNS))) {
                    String expected = said(plain, program.script());
                    assertThat(expected).as(program.path()).isNotBlank().doesNotContain("not found");
                    assertThat(said(hiding, program.script()))
                            .as(program.path())
                            .isEqualTo(expected);
                }
            }
        }
    }
}
