using System.Diagnostics;
using System.Text;
using Xunit;

namespace Coppice.Testing;

/// <summary>Packages of npm that tests compare with. <c>.ci/run</c> installs them where there is npm and a network; nothing else needs them.</summary>
public static class NodePackages
{
    /// <summary>The folder whose <c>node_modules</c> they are in.</summary>
    public static string Folder { get; } = Path.Combine(SharedData.RepositoryRoot, "artifacts", "npm");

    /// <summary>Why a package can't be used, or null where it can.</summary>
    /// <param name="package">Its name.</param>
    public static string? Missing(string package) =>
        HasNode() && Directory.Exists(Path.Combine(Folder, "node_modules", package)) ? null : $"needs Node and the npm package {package}, which .ci/run installs where there is npm and a network";

    /// <summary>Runs a script and gives what it printed.</summary>
    /// <param name="script">The script's file.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="arguments">Its arguments; the first one that it gets is <see cref="Folder"/>.</param>
    /// <exception cref="InvalidOperationException">It failed: the message is what it said.</exception>
    public static string Run(string script, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("node", [script, Folder, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), StandardOutputEncoding = Encoding.UTF8,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"{Path.GetFileName(script)}: exit code {process.ExitCode}: {error.Result}");
    }

    private static bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "node")));
}

/// <summary>A test that needs a package of npm and is skipped, with the reason, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodePackageFactAttribute : FactAttribute
{
    /// <summary>Needs a package.</summary>
    /// <param name="package">Its name.</param>
    public NodePackageFactAttribute(string package) => Skip = NodePackages.Missing(package);
}

/// <summary>A theory that needs a package of npm and is skipped, with the reason, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodePackageTheoryAttribute : TheoryAttribute
{
    /// <summary>Needs a package.</summary>
    /// <param name="package">Its name.</param>
    public NodePackageTheoryAttribute(string package) => Skip = NodePackages.Missing(package);
}
