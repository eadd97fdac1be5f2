using System.Diagnostics;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class LauncherTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void The_launcher_hands_over_arguments_input_and_exit_code_from_any_folder()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.At("linked coppice"), Path.Combine(SharedData.RepositoryRoot, "coppice"));
        Assert.Equal(0, Launch(folder, "doctor", "--json").ExitCode);

        var tokenizer = folder.At("a tokenizer.json");
        Assert.Equal(0, Launch(folder, "tokenizer", "train", folder.Write("a text.txt", "a b c"), "--type", "character", "-o", tokenizer).ExitCode);
        var encoded = Launch(folder, "tokenizer", "encode", tokenizer);
        Assert.Equal((0, "1 0 2\n"), (encoded.ExitCode, encoded.Output));
        Assert.Equal(2, Launch(folder, "tokenizer", "decode", tokenizer, "99").ExitCode);
    }

    private static (int ExitCode, string Output) Launch(TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(folder.At("linked coppice"), arguments) { WorkingDirectory = folder.Root, RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Write("a b");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
