using Coppice.Foundation;

namespace Coppice.Training.Quickstart;

/// <summary>Text that every .NET SDK carries: the XML documentation of the libraries in its reference packs.</summary>
public static class SdkDocumentation
{
    /// <summary>The pack of the base class library.</summary>
    public const string BaseClassLibrary = "Microsoft.NETCore.App.Ref";

    /// <summary>The pack of ASP.NET Core.</summary>
    public const string AspNetCore = "Microsoft.AspNetCore.App.Ref";

    /// <summary>The folder with the XML files of a pack, its newest version.</summary>
    /// <param name="pack">The pack.</param>
    /// <exception cref="CoppiceException">This machine has no such pack.</exception>
    public static string Find(string pack = BaseClassLibrary) => TryFind(pack) ?? throw new CoppiceException(
        $"the quickstart reads the documentation that comes with the .NET SDK (packs/{pack}), and it is not on this machine; set DOTNET_ROOT to the SDK's folder, or train on your own text: coppice pretrain TEXT… -o RUN");

    /// <summary>The folder with the XML files of a pack, its newest version; null where this machine has no such pack.</summary>
    /// <param name="pack">The pack.</param>
    public static string? TryFind(string pack)
    {
        foreach (var root in Roots())
        {
            var packs = Path.Combine(root, "packs", pack);
            if (!Directory.Exists(packs)) continue;
            var newest = Directory.GetDirectories(packs).OrderByDescending(VersionOf).ThenByDescending(path => path, StringComparer.Ordinal);
            foreach (var version in newest)
            {
                var folder = Path.Combine(version, "ref");
                if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.xml", SearchOption.AllDirectories).Any()) return folder;
            }
        }

        return null;
    }

    /// <summary>Where an SDK may be: as the environment says, beside the running runtime (…/shared/Microsoft.NETCore.App/VERSION/), at the usual places.</summary>
    private static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } named) yield return named;
        if (Path.GetDirectoryName(typeof(object).Assembly.Location) is { Length: > 0 } runtime) yield return Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        if (OperatingSystem.IsWindows()) yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet");
        else yield return "/usr/share/dotnet";
        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
    }

    private static Version VersionOf(string folder) =>
        Version.TryParse(Path.GetFileName(folder).Split('-')[0], out var version) ? version : new Version(0, 0);
}
