using System.IO.Enumeration;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>A file that an input stands for.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Id">Its path relative to the input, with <c>/</c>.</param>
/// <param name="Source">The name of the input: its last path part.</param>
/// <param name="NamedOutright">Whether the user named it, or a pattern it matches, rather than a folder above it.</param>
/// <param name="IsCurated">Whether it is the documents of a written corpus.</param>
internal readonly record struct FoundFile(string Path, string Id, string Source, bool NamedOutright, bool IsCurated = false);

/// <summary>
/// Turns a path into files, in an order that is the same on every machine: by path, compared ordinally. Hidden files and folders
/// (their names begin with a dot) and linked folders, which may form circles, are left out.
/// </summary>
internal static class FileFinder
{
    /// <summary>The files that a path stands for.</summary>
    /// <param name="path">A file, a folder or a pattern with <c>*</c>, <c>?</c> and <c>**</c>.</param>
    /// <param name="report">Takes the folders that can't be read.</param>
    /// <exception cref="CoppiceException">Nothing is there.</exception>
    public static IEnumerable<FoundFile> Find(string path, CorpusReport report)
    {
        if (File.Exists(path)) return [new FoundFile(path, Path.GetFileName(path), Path.GetFileName(path), NamedOutright: true, IsCurated(path))];
        if (Directory.Exists(path)) return InFolder(path, report);
        if (path.AsSpan().IndexOfAny('*', '?') >= 0) return Matching(path, report);
        throw new CoppiceException(
            $"{path}: there is no such file or folder. Check the spelling; a relative path is looked up in {Environment.CurrentDirectory}.");
    }

    private static bool IsCurated(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (Path.GetFileName(file) is CuratedCorpus.DocumentsFile or CuratedCorpus.ValidationFile) return HasManifest(folder);
        return file.EndsWith(CuratedCorpus.DocumentsEnding, StringComparison.Ordinal)
            && Path.GetFileName(folder) is CuratedCorpus.DocumentsFolder or CuratedCorpus.ValidationFolder
            && Path.GetDirectoryName(folder) is { } corpus
            && HasManifest(corpus);
    }

    private static bool HasManifest(string folder) => File.Exists(Path.Combine(folder, CuratedCorpus.ManifestFile));

    private static bool IsCorpus(string folder)
    {
        var documents = Path.Combine(folder, CuratedCorpus.DocumentsFolder);
        return HasManifest(folder)
            && (File.Exists(Path.Combine(folder, CuratedCorpus.DocumentsFile))
                || (Directory.Exists(documents) && Directory.EnumerateFiles(documents, "*" + CuratedCorpus.DocumentsEnding).Any()));
    }

    private static IEnumerable<FoundFile> InFolder(string folder, CorpusReport report)
    {
        var source = LastPart(folder);

        // A written corpus also holds validation documents, which must not be trained on.
        if (IsCorpus(folder))
        {
            return CuratedCorpus.ReadManifest(folder).Train.Files.Select(file => new FoundFile(Path.Combine(folder, file.File), file.File, source, NamedOutright: true, IsCurated: true));
        }

        return Below(folder, "", int.MaxValue, report).Select(id => new FoundFile(Path.Combine(folder, id), id, source, NamedOutright: false));
    }

    private static IEnumerable<FoundFile> Matching(string pattern, CorpusReport report)
    {
        var parts = pattern.Replace('\\', '/').Split('/');
        var fixedParts = parts.TakeWhile(part => part.AsSpan().IndexOfAny('*', '?') < 0).Count();
        var folder = fixedParts == 0 ? "." : string.Join('/', parts[..fixedParts]) is { Length: > 0 } start ? start : "/";
        if (!Directory.Exists(folder)) throw new CoppiceException($"{pattern}: there is no folder {folder}. Check the spelling.");

        var depth = parts.Contains("**") ? int.MaxValue : parts.Length - fixedParts;
        var any = false;
        foreach (var id in Below(folder, "", depth, report).Where(id => Matches(id.Split('/'), parts.AsSpan(fixedParts))))
        {
            any = true;
            yield return new FoundFile(Path.Combine(folder, id), id, LastPart(folder), NamedOutright: true);
        }

        if (!any) throw new CoppiceException($"{pattern}: no file matches. '*' stays inside one folder; '**' goes through all folders below.");
    }

    private static bool Matches(ReadOnlySpan<string> names, ReadOnlySpan<string> pattern)
    {
        if (pattern.IsEmpty) return names.IsEmpty;
        if (pattern[0] == "**")
        {
            for (var skipped = 0; skipped <= names.Length; skipped++)
            {
                if (Matches(names[skipped..], pattern[1..])) return true;
            }

            return false;
        }

        return !names.IsEmpty
            && FileSystemName.MatchesSimpleExpression(pattern[0], names[0], ignoreCase: false)
            && Matches(names[1..], pattern[1..]);
    }

    // Relative paths with '/'. A folder sorts as its name with the '/', so that the whole order is that of the paths.
    private static IEnumerable<string> Below(string root, string relative, int depth, CorpusReport report)
    {
        List<string> entries = [];
        try
        {
            foreach (var entry in new DirectoryInfo(Path.Combine(root, relative)).EnumerateFileSystemInfos())
            {
                if (entry.Name.StartsWith('.')) continue;
                if (entry is not DirectoryInfo) entries.Add(relative + entry.Name);
                else if (depth > 1 && entry.LinkTarget is null) entries.Add(relative + entry.Name + "/");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            report.SkipFile(DropReasons.Unreadable, $"{Path.Combine(root, relative)}: {error.Message}");
        }

        entries.Sort(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!entry.EndsWith('/'))
            {
                yield return entry;
                continue;
            }

            foreach (var below in Below(root, entry, depth - 1, report)) yield return below;
        }
    }

    private static string LastPart(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}
