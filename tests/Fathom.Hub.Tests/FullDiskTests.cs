using System.Diagnostics;

namespace Fathom.Hub.Tests;

public sealed class FullDiskTests
{
    // A disk of its own for one process: a file system in memory, which somebody else fills while the pull waits for the hub.
    private const string Script = """
        mount -t tmpfs -o size=100m none "$DISK" || exit 99
        ( while [ ! -e "$SIGNS/asked" ]; do sleep 0.05; done; dd if=/dev/zero of="$DISK/other" bs=65536; : > "$SIGNS/full" ) 2> /dev/null &
        "$@"
        """;

    [Fact]
    public async Task A_disk_that_fills_while_a_pull_runs_is_said_and_costs_nothing_that_was_there()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && await CanMountAsync(), "A disk of a test's own needs Linux and the right to mount one.");
        await using TestHub hub = await TestHub.WithModelAsync(4_000_000);
        using var test = new TestStore();
        string disk = Directory.CreateDirectory(Path.Combine(test.Folder, "disk")).FullName;
        hub.Interfere = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("model-2.safetensors", StringComparison.Ordinal)) return false;
            await File.WriteAllTextAsync(Path.Combine(test.Folder, "asked"), string.Empty);
            while (!File.Exists(Path.Combine(test.Folder, "full"))) await Task.Delay(10);
            return false;
        };
        Dictionary<string, string> environment = new() { ["DISK"] = disk, ["SIGNS"] = test.Folder, ["FATHOM_HOME"] = Path.Combine(disk, "store") };
        using Process process = FathomCommand.StartUnder(["unshare", "-rm", "sh", "-c", Script, "sh", "dotnet"], environment, test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("is full; make room and pull again, what is here is kept.", error, StringComparison.Ordinal);
    }

    private static async Task<bool> CanMountAsync()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
