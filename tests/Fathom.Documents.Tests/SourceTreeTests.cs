using System.Diagnostics;

namespace Fathom.Documents.Tests;

/// <summary>Folders: what git ignores, what is vendored, order, links.</summary>
public sealed class SourceTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void This_repository_is_read_as_git_lists_it()
    {
        Assert.SkipUnless(Directory.Exists(Repository.PathOf(".git")), "Not a clone.");
        DocumentSet set = new DocumentReader(new ReadOptions { SkipVendored = false, MaxFileBytes = 256 << 20 }).Read([Repository.Root]);
        string root = Path.GetFileName(Repository.Root) + "/";
        string[] ours = [.. set.Documents.Select(document => document.Path).Concat(set.Skipped.Where(file => file.Reason is not SkipReason.Ignored).Select(file => file.Path))
            .Where(path => path.StartsWith(root, StringComparison.Ordinal)).Select(path => path[root.Length..]).Where(path => !path.StartsWith(".git/", StringComparison.Ordinal) && !path.Contains(".zip/", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)];
        string[] git = [.. Git(Repository.Root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => Path.Exists(Repository.PathOf(path))).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(git.Except(ours), []);
        Assert.Equal(ours.Except(git), []);
        Assert.Contains(set.Documents, document => document.Path == root + "README.md");
    }

    [Fact]
    public void Ignore_files_are_understood_as_git_understands_them()
    {
        Write(".gitignore", "# comment\n*.log\n!keep.log\n/only-here.txt\nbuilt/\ndocs/**/draft.md\n**/cache\na?c.txt\n[x-z]*.dat\n\\#odd\ntrailing   \nspace\\ \nout/*\n!out/kept.txt\nabc/**\nnot[!a].q\n*.[oa]\nfoo/bar\n\\!bang\n");
        Write("sub/.gitignore", "!special.log\n*.tmp2\n/inner.txt\n");
        Write("sub/deeper/.gitignore", "*\n!.gitignore\n!yes.txt\n");
        foreach (string name in (string[])["a.log", "keep.log", "only-here.txt", "sub/only-here.txt", "built/x.txt", "sub/built/x.txt", "src/built", "docs/draft.md", "docs/a/b/draft.md", "draft.md", "x/cache/y.txt", "x/cache2/y.txt", "abc.txt", "abbc.txt", "xa.dat", "aa.dat", "#odd", "trailing", "space ", "out/a.txt", "out/kept.txt", "abc/d/e.txt", "nota.q", "notb.q", "lib.a", "lib.o", "lib.c", "foo/bar/x.txt", "z/foo/bar/x.txt", "!bang", "sub/special.log", "sub/other.log", "sub/x.tmp2", "y.tmp2", "sub/inner.txt", "sub/z/inner.txt", "sub/deeper/no.txt", "sub/deeper/yes.txt", "sub/deeper/dir/yes.txt"])
        {
            Write(name, "text");
        }

        Git(folder.Path, "init", "-q");
        Assert.Equal(
            Git(folder.Path, "-c", "core.excludesFile=/dev/null", "ls-files", "-z", "--others", "--exclude-standard").Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            Names(new DocumentReader(new ReadOptions { SkipVendored = true }).Read([folder.Path])).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rules_above_a_named_folder_hold_inside_it()
    {
        Directory.CreateDirectory(folder[".git"]);
        Write(".gitignore", "*.log\n/in/secret.txt\n");
        Write("in/secret.txt", "x");
        Write("in/a.log", "x");
        Write("in/b.txt", "x");
        Assert.Equal(["in/b.txt"], new DocumentReader().Read([folder["in"]]).Documents.Select(document => document.Path));
    }

    [Fact]
    public void Foreign_folders_and_binaries_are_left_out_and_reported()
    {
        foreach (string name in (string[])["src/a.cs", "bin/Debug/a.cs", "obj/a.cs", "node_modules/a.js", ".git/config", "vendor/b.c", "src/bin/c.cs"]) Write(name, "text");
        File.WriteAllBytes(folder["src/picture.png"], [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0]);
        File.WriteAllBytes(folder["src/random.dat"], [.. Enumerable.Range(0, 999).Select(i => (byte)(i * 7919 >> 3))]);
        Write("src/empty.txt", string.Empty);
        DocumentSet set = new DocumentReader().Read([folder.Path]);
        Assert.Equal(["src/a.cs"], Names(set));
        Assert.Equal(6, set.Skipped.Count(file => file.Reason == SkipReason.Vendored));
        Assert.Equal(2, set.Skipped.Count(file => file.Reason == SkipReason.Binary));
        Assert.Equal(1, set.Skipped.Count(file => file.Reason == SkipReason.Empty));
        Assert.Empty(set.Problems);
        Assert.Equal(["bin/Debug/a.cs"], new DocumentReader().Read([folder["bin"]]).Documents.Select(document => document.Path));
    }

    [Fact]
    public void The_order_is_ordinal_and_stable()
    {
        foreach (string name in (string[])["b.txt", "B.txt", "a/z.txt", "a.txt", "a-b/x.txt", "ä.txt", "_.txt"]) Write(name, name);
        Assert.Equal(["B.txt", "_.txt", "a-b/x.txt", "a.txt", "a/z.txt", "b.txt", "ä.txt"], Names(new DocumentReader().Read([folder.Path])));
    }

    [Fact]
    public void Links_inside_folders_are_not_followed_and_loops_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs rights for links.");
        Write("a.txt", "text");
        File.CreateSymbolicLink(folder["loop"], folder.Path);
        File.CreateSymbolicLink(folder["link.txt"], folder["a.txt"]);
        File.CreateSymbolicLink(folder["broken.txt"], folder["gone.txt"]);
        File.CreateSymbolicLink(folder["x"], folder["y"]);
        File.CreateSymbolicLink(folder["y"], folder["x"]);
        DocumentSet set = new DocumentReader().Read([folder.Path]);
        Assert.Equal(["a.txt"], Names(set));
        Assert.Equal(5, set.Skipped.Count(file => file.Reason == SkipReason.Link));
        Assert.Single(new DocumentReader().Read([folder["link.txt"]]).Documents);
        Assert.Equal(SkipReason.NotFound, Assert.Single(new DocumentReader().Read([folder["broken.txt"]]).Skipped).Reason);
        Assert.Single(new DocumentReader().Read([folder["x"]]).Skipped);
    }

    [Fact]
    public void Paths_named_twice_are_read_once_and_names_stay_apart()
    {
        Write("a/x.txt", "one");
        Write("b/x.txt", "two");
        DocumentSet set = new DocumentReader().Read([folder["a/x.txt"], folder["a/x.txt"], folder["b/x.txt"], folder["missing.txt"]]);
        Assert.Equal(2, set.Documents.Count);
        Assert.Equal(2, set.Documents.Select(document => document.Path).Distinct().Count());
        Assert.Equal(SkipReason.NotFound, Assert.Single(set.Skipped).Reason);
    }

    private IEnumerable<string> Names(DocumentSet set) => set.Documents.Select(document => document.Path[(Path.GetFileName(folder.Path).Length + 1)..]);

    private void Write(string name, string text)
    {
        if (!Directory.Exists(folder[name])) folder.Write(name, text);
    }

    private static string Git(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, StandardOutputEncoding = System.Text.Encoding.UTF8 };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
