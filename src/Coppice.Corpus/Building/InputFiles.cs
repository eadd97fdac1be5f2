using System.Collections.Concurrent;
using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>A file to read.</summary>
/// <param name="Input">The input it belongs to.</param>
/// <param name="Found">The file.</param>
/// <param name="Bytes">Its size when it was found.</param>
/// <param name="Modified">When it was changed last, in ticks.</param>
internal sealed record InputFile(CorpusInput Input, FoundFile Found, long Bytes, long Modified)
{
    /// <summary>Whether the file is no longer as it was found.</summary>
    public bool HasChanged()
    {
        var now = new FileInfo(Found.Path);
        return !now.Exists || now.Length != Bytes || now.LastWriteTimeUtc.Ticks != Modified;
    }
}

/// <summary>Files that are read one after another and divided into chunks: a large one, or several small ones.</summary>
/// <param name="Files">The files.</param>
internal sealed record InputUnit(IReadOnlyList<InputFile> Files)
{
    // Small files share a chunk, since each chunk costs a file of results. Where one ends is told by the files' names: a new file changes the chunk it falls into
    // and no other.
    private const long LargeFile = 64 << 10, SmallestGroup = 64 << 10, LargestGroup = 256 << 10;
    private const ulong EndsGroup = 3;

    /// <summary>The bytes of the files as they lie on the disk.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Finds the files of all inputs and groups them.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="output">The folder that is written to: nothing in it may be read.</param>
    /// <param name="report">Takes what can't be read.</param>
    /// <exception cref="CoppiceException">An input does not exist, or lies in the output.</exception>
    public static IReadOnlyList<InputUnit> Find(IReadOnlyList<CorpusInput> inputs, string output, CorpusReport report)
    {
        if (inputs.Count == 0) throw CoppiceException.Usage("No text was given: name at least one file, folder or pattern.");
        var units = new List<InputUnit>();
        foreach (var input in inputs)
        {
            var group = new List<InputFile>();
            foreach (var file in FilesOf(input, output, report))
            {
                if (file.Bytes >= LargeFile)
                {
                    Add(units, group);
                    Add(units, [file]);
                    continue;
                }

                group.Add(file);
                var bytes = group.Sum(member => member.Bytes);
                if (bytes >= LargestGroup || (bytes >= SmallestGroup && (TextHash.Of(file.Found.Id) & EndsGroup) == 0)) Add(units, group);
            }

            Add(units, group);
        }

        return units;
    }

    /// <summary>Everything that the unit's documents depend on.</summary>
    /// <param name="fingerprints">The SHA-256 of each file.</param>
    /// <param name="reading">How files are read, as text.</param>
    public string Key(IReadOnlyList<string> fingerprints, string reading) =>
        BuildStage.Hash(Files.SelectMany((file, i) => new[]
        {
            fingerprints[i], file.Found.Id, file.Input.Name ?? file.Found.Source, file.Input.Name is null ? "" : "fixed", file.Found.NamedOutright ? "outright" : "",
        }).Prepend(reading));

    private static void Add(List<InputUnit> units, List<InputFile> files)
    {
        if (files.Count > 0) units.Add(new InputUnit([.. files]));
        files.Clear();
    }

    private static IEnumerable<InputFile> FilesOf(CorpusInput input, string output, CorpusReport report)
    {
        var written = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)) + Path.DirectorySeparatorChar;
        foreach (var found in input.Find(report))
        {
            if (Path.GetFullPath(found.Path).StartsWith(written, StringComparison.Ordinal))
            {
                throw CoppiceException.Usage($"{found.Path}: lies in the folder that is written to, {output}. Name another output.");
            }

            var file = new FileInfo(found.Path);
            if (file.Exists) yield return new InputFile(input, found, file.Length, file.LastWriteTimeUtc.Ticks);
            else report.SkipFile(DropReasons.Unreadable, $"{found.Path}: it is gone");
        }
    }
}

/// <summary>
/// The SHA-256 of files, remembered by path, size and time of modification: a file that has all three as before is not read again to be told.
/// The memory is a text file to which a line is added for each file.
/// </summary>
internal sealed class FileFingerprints : IDisposable
{
    // A file that was changed a moment ago could be changed again without its time showing it.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly StreamWriter _added;

    /// <summary>Reads what is remembered.</summary>
    /// <param name="work">Where it lies.</param>
    public FileFingerprints(WorkFolder work)
    {
        var path = Path.Combine(work.Path, "fingerprints");
        if (File.Exists(path))
        {
            // The last line may be half of one where the process was killed.
            foreach (var line in File.ReadLines(path).Where(line => line.EndsWith('.')))
            {
                var space = line.IndexOf(' ', StringComparison.Ordinal);
                if (space == 64) _known[line[(space + 1)..^1]] = line[..space];
            }
        }

        _added = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read));
        _added.Write('\n');
    }

    /// <summary>The fingerprint of a file.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="IOException">It can't be read.</exception>
    public string Of(InputFile file)
    {
        var identity = string.Create(CultureInfo.InvariantCulture, $"{file.Bytes} {file.Modified} {Path.GetFullPath(file.Found.Path).ReplaceLineEndings("\\n")}");
        if (_known.TryGetValue(identity, out var known)) return known;
        var fingerprint = Checksum.OfFile(file.Found.Path);
        if (file.HasChanged() || DateTime.UtcNow.Ticks - file.Modified < Settled.Ticks) return fingerprint;
        _known[identity] = fingerprint;
        Remember(fingerprint, identity);
        return fingerprint;
    }

    public void Dispose() => _added.Dispose();

    private void Remember(string fingerprint, string identity)
    {
        try
        {
            lock (_added)
            {
                _added.Write($"{fingerprint} {identity}.\n");
                _added.Flush();
            }
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{((FileStream)_added.BaseStream).Name}: can't be written: {error.Message}", inner: error);
        }
    }
}
