using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Coppice.Corpus.Deduplication;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// Takes the decisions of a corpus step in any order and writes them by chunk and place, in bounded memory: what doesn't fit is sorted on the disk, and edits and names
/// lie in a file.
/// </summary>
internal sealed class DecisionSink : IDecisions, IDisposable
{
    private const int NoPhrase = -1;

    private readonly ChunkedCorpus _corpus;
    private readonly long _memory;
    private readonly ExternalSorter<Taken> _taken;
    private readonly ExternalSorter<Repeat> _repeats;
    private readonly FileStream _bytes;
    private readonly List<string> _phrases = [];
    private readonly UnionFind? _links;
    private readonly Lock _gate = new();

    /// <summary>Takes none yet.</summary>
    /// <param name="corpus">The documents that are decided on.</param>
    /// <param name="memory">Bytes of memory to stay within.</param>
    /// <param name="links">Takes which documents are linked, where anybody wants to know.</param>
    public DecisionSink(ChunkedCorpus corpus, long memory, UnionFind? links = null)
    {
        _corpus = corpus;
        _links = links;
        _memory = memory / 2;
        _taken = new ExternalSorter<Taken>(corpus.WorkFolder, _memory);
        _repeats = new ExternalSorter<Repeat>(corpus.WorkFolder, _memory / 2);
        _bytes = new FileStream(Path.Combine(corpus.WorkFolder, "bytes"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
    }

    /// <inheritdoc/>
    public void Drop(long index, string reason, Measurement? measured = null, long? because = null)
    {
        lock (_gate)
        {
            Take(new Taken(index, DecisionKind.Drop, PhraseOf(reason), PhraseOf(measured?.Rule), measured?.Value ?? 0, measured?.Threshold ?? 0, 0, 0));
            if (because is { } repeated) _repeats.Add(new Repeat(repeated, index));
        }
    }

    /// <inheritdoc/>
    public void StandsFor(long index, long copies) => TakeNumber(index, DecisionKind.StandsFor, copies);

    /// <inheritdoc/>
    public void Weigh(long index, double weight) => TakeNumber(index, DecisionKind.Weigh, weight);

    /// <inheritdoc/>
    public void Edit(long index, ReadOnlySpan<byte> edit)
    {
        lock (_gate) Take(new Taken(index, DecisionKind.Edit, NoPhrase, NoPhrase, 0, 0, Keep(edit), edit.Length));
    }

    /// <inheritdoc/>
    public void Link(long first, long second)
    {
        if (_links is null) return;
        lock (_gate) _links.Join((int)first, (int)second);
    }

    /// <summary>
    /// Writes all decisions: those on each chunk one after another, then the length and digest of each. To be called once. Nobody waits until the disk has them: where a loss of power
    /// cut them off they are taken again.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="others">Decisions on documents on which none was taken here, by index.</param>
    public void Write(string path, IEnumerable<(long Index, Decision Decision)> others)
    {
        using var names = SortNames();
        _bytes.Flush();
        void WriteTo(Stream stream)
        {
            using var table = new MemoryStream();
            using var decided = Merge(TakenHere(names), others).GetEnumerator();
            var isMore = decided.MoveNext();
            for (var chunk = 0; chunk < _corpus.Chunks; chunk++)
            {
                using var bytes = new MemoryStream();
                using var output = new BinaryWriter(bytes);
                for (; isMore && decided.Current.Index < _corpus.EndOf(chunk); isMore = decided.MoveNext())
                {
                    ChunkDecisions.Write(output, (int)(decided.Current.Index - _corpus.StartOf(chunk)), decided.Current.Decision);
                }

                stream.Write(bytes.GetBuffer(), 0, (int)bytes.Length);
                table.Write(BitConverter.GetBytes(bytes.Length));
                table.Write(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
            }

            table.WriteTo(stream);
            stream.Write(StageDecisions.Magic);
        }

        AtomicFile.Write(path, WriteTo, toDisk: false);
    }

    /// <summary>Deletes its files.</summary>
    public void Dispose()
    {
        _taken.Dispose();
        _repeats.Dispose();
        _bytes.Dispose();
    }

    private IEnumerable<(long Index, Decision Decision)> TakenHere(ExternalSorter<Name> names)
    {
        using var named = names.Sorted().GetEnumerator();
        var (isNamed, last) = (named.MoveNext(), -1L);
        foreach (var taken in _taken.Sorted())
        {
            if (taken.Index == last) throw new InvalidOperationException("two decisions were taken on one document");
            last = taken.Index;
            var because = isNamed && named.Current.Index == taken.Index ? Encoding.UTF8.GetString(Read(named.Current.At, named.Current.Length)) : null;
            if (because is not null) isNamed = named.MoveNext();
            yield return (taken.Index, Decode(taken, because));
        }
    }

    private static IEnumerable<(long Index, Decision Decision)> Merge(IEnumerable<(long Index, Decision Decision)> first, IEnumerable<(long Index, Decision Decision)> second)
    {
        using var other = second.GetEnumerator();
        var isOther = other.MoveNext();
        foreach (var decided in first)
        {
            for (; isOther && other.Current.Index < decided.Index; isOther = other.MoveNext()) yield return other.Current;
            yield return decided;
        }

        for (; isOther; isOther = other.MoveNext()) yield return other.Current;
    }

    // By their ids: what is decided of a document must not read otherwise because a file was added before the one that it repeats.
    private ExternalSorter<Name> SortNames()
    {
        var names = new ExternalSorter<Name>(_corpus.WorkFolder, _memory / 2);
        foreach (var (repeat, name) in _corpus.Names(_repeats.Sorted(), one => one.Of))
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            names.Add(new Name(repeat.By, Keep(bytes), bytes.Length));
        }

        return names;
    }

    private void TakeNumber(long index, DecisionKind kind, double number)
    {
        lock (_gate) Take(new Taken(index, kind, NoPhrase, NoPhrase, number, 0, 0, 0));
    }

    private void Take(in Taken taken)
    {
        if (taken.Index < _corpus.EarlierCount || taken.Index >= _corpus.Count) throw new ArgumentOutOfRangeException(nameof(taken), taken.Index, "is no document of this corpus");
        _taken.Add(taken);
    }

    private Decision Decode(in Taken taken, string? because)
    {
        Measurement? measured = taken.Rule == NoPhrase ? null : new Measurement(_phrases[taken.Rule], taken.Number, taken.Threshold);
        return taken.Kind switch
        {
            DecisionKind.Drop => new Decision(taken.Kind, _phrases[taken.Reason], measured, because),
            DecisionKind.Edit => new Decision(taken.Kind, Edit: Read(taken.EditAt, taken.EditLength)),
            _ => new Decision(taken.Kind, Number: taken.Number),
        };
    }

    // There are few, since reports count by them.
    private int PhraseOf(string? phrase)
    {
        if (phrase is null) return NoPhrase;
        var number = _phrases.IndexOf(phrase);
        if (number >= 0) return number;
        _phrases.Add(phrase);
        return _phrases.Count - 1;
    }

    private long Keep(ReadOnlySpan<byte> bytes)
    {
        var at = _bytes.Position;
        try
        {
            _bytes.Write(bytes);
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{_bytes.Name}: decisions need space there: {error.Message}", inner: error);
        }

        return at;
    }

    private byte[] Read(long at, int length)
    {
        var bytes = new byte[length];
        return PositionedRead.Fill(_bytes.SafeFileHandle, bytes, at) ? bytes : throw new EndOfStreamException(_bytes.Name);
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly record struct Taken(long Index, DecisionKind Kind, int Reason, int Rule, double Number, double Threshold, long EditAt, int EditLength) : IComparable<Taken>
    {
        public int CompareTo(Taken other) => Index.CompareTo(other.Index);
    }

    // A document and the one that repeats it, in the order of the first.
    private readonly record struct Repeat(long Of, long By) : IComparable<Repeat>
    {
        public int CompareTo(Repeat other) => Of != other.Of ? Of.CompareTo(other.Of) : By.CompareTo(other.By);
    }

    // Where the name of the document stands that a document repeats, in the order of the repeating one.
    private readonly record struct Name(long Index, long At, int Length) : IComparable<Name>
    {
        public int CompareTo(Name other) => Index.CompareTo(other.Index);
    }
}
