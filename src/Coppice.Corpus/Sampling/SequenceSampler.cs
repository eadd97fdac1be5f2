using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>A source of a sampler.</summary>
/// <param name="Name">Its name, for reports.</param>
/// <param name="Store">Its tokens; not disposed by the sampler.</param>
/// <param name="Weight">What share of the sequences comes from it, relative to the other weights.</param>
public sealed record SamplerSource(string Name, TokenStore Store, double Weight = 1);

/// <summary>
/// An endless, shuffled, mixed stream of training sequences. The n-th sequence of a source is a function of the seed, the source and n,
/// and which source comes next is a function of the position: so the position is a few integers, and restoring it takes no time.
/// </summary>
/// <remarks>
/// An epoch of a source cuts its tokens into windows of <c>sequenceLength</c>, from an offset that differs each epoch so that the cuts do too,
/// and gives each window once, in an order that differs each epoch. The tokens are treated as a ring for that: one window may consist of the
/// store's end and its beginning, with a boundary between; what does not fill a window (less than one window's worth, elsewhere each epoch)
/// is left out of that epoch. A store shorter than one window gives a shorter window: all it has.
/// </remarks>
public sealed class SequenceSampler
{
    private const ulong OffsetStream = 0x4F46465345540000;
    private const ulong OrderStream = 0x4F52444552000000;
    private readonly SamplerSource[] _sources;
    private readonly IMixture _mixture;
    private readonly ulong _seed;
    private readonly WindowPacker _packer;
    private readonly long[] _drawn;
    private long _total;

    /// <summary>Makes a sampler at the beginning of its stream.</summary>
    /// <param name="sources">The sources; all made with one tokenizer.</param>
    /// <param name="sequenceLength">Tokens in a sequence, at least 1.</param>
    /// <param name="seed">Decides the order.</param>
    /// <param name="crossDocumentAttention">Whether a sequence is one fragment, so that attention looks across the documents in it.</param>
    /// <param name="mixture">Which source comes next; null for the fixed shares of the sources' weights.</param>
    /// <exception cref="CoppiceException">There is no source, one is too short to predict anything, or their tokenizers differ.</exception>
    public SequenceSampler(
        IReadOnlyList<SamplerSource> sources, int sequenceLength, ulong seed, bool crossDocumentAttention = false, IMixture? mixture = null)
    {
        if (sequenceLength < 1) throw CoppiceException.Usage($"The sequence length is {sequenceLength}; it must be at least 1.");
        _sources = [.. sources];
        _mixture = mixture ?? new FixedMixture([.. sources.Select(source => source.Weight)]);
        _seed = seed;
        _packer = new WindowPacker(crossDocumentAttention);
        _drawn = new long[_sources.Length];
        SequenceLength = sequenceLength;
        foreach (var source in _sources) Check(source, _sources[0]);
        var stores = string.Join(' ', _sources.Select(source => source.Store.Fingerprint));
        Fingerprint = Checksum.Of(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}; length {sequenceLength}; cross {crossDocumentAttention}; mixture {_mixture.Description}; stores {stores}"));
    }

    /// <summary>Tokens in a sequence.</summary>
    public int SequenceLength { get; }

    /// <summary>SHA-256 over everything that decides the stream: seed, sequence length, mixture and the stores' fingerprints.</summary>
    public string Fingerprint { get; }

    /// <summary>The sources, in the order of the positions' numbers.</summary>
    public IReadOnlyList<SamplerSource> Sources => _sources;

    /// <summary>Where the sampler is. It does not change when the sampler goes on.</summary>
    public SamplerPosition Position => new(Fingerprint, _total, [.. _drawn]);

    /// <summary>How many sequences of a source make one epoch.</summary>
    /// <param name="source">The source's number.</param>
    public long SequencesPerEpoch(int source) => Shape(source).Sequences;

    /// <summary>How often a source was gone through so far.</summary>
    /// <param name="source">The source's number.</param>
    public double Epochs(int source) => (double)_drawn[source] / SequencesPerEpoch(source);

    /// <summary>Goes to a position, of any time and in any order.</summary>
    /// <param name="position">A position of a sampler with the same fingerprint.</param>
    /// <exception cref="CoppiceException">The position is of another data stream, or impossible.</exception>
    public void Restore(SamplerPosition position)
    {
        if (position.Data != Fingerprint)
        {
            throw new CoppiceException(
                "The saved data position belongs to another data stream: the text, the tokenizer, the weights, the sequence length or the seed "
                + "has changed since. Go on with the unchanged recipe and data, or start a new run.");
        }

        if (position.DrawnBySource?.Count != _drawn.Length) throw Impossible();
        var sum = 0L;
        foreach (var drawn in position.DrawnBySource)
        {
            if (drawn < 0 || drawn > position.Sequences - sum) throw Impossible();
            sum += drawn;
        }

        if (sum != position.Sequences) throw Impossible();
        for (var i = 0; i < _drawn.Length; i++) _drawn[i] = position.DrawnBySource[i];
        _total = position.Sequences;
    }

    /// <summary>Fills a batch with the next sequences, and moves the position behind them.</summary>
    /// <param name="batch">The batch; what it held is replaced.</param>
    /// <param name="sequences">How many, at least 1.</param>
    public void Next(PackedBatch batch, int sequences)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        batch.Clear();
        for (var i = 0; i < sequences; i++)
        {
            var source = _mixture.Next(_drawn, _total);
            Append(source, _drawn[source], batch);
            _drawn[source]++;
            _total++;
        }
    }

    // The n-th sequence of a source. Place p of the ring stands for input token p and target token p + 1.
    private void Append(int source, long number, PackedBatch batch)
    {
        var store = _sources[source].Store;
        var ring = store.TokenCount - 1;
        var (windows, length) = Shape(source);
        var (epoch, index) = Math.DivRem(number, windows);
        var offset = ring == length ? 0 : CounterRandom.Below(CounterRandom.Bits(_seed, OffsetStream + (ulong)source, (ulong)epoch), ring);
        var order = new KeyedPermutation(windows, CounterRandom.Bits(_seed, OrderStream + (ulong)source, (ulong)epoch));
        var start = (offset + order[index] * length) % ring;
        var first = (int)Math.Min(length, ring - start);
        _packer.Add(store, start, first, source, batch);
        if (first < length) _packer.Add(store, 0, length - first, source, batch);
    }

    private EpochShape Shape(int source) => EpochShape.Of(_sources[source].Store.TokenCount, SequenceLength);

    private static void Check(SamplerSource source, SamplerSource first)
    {
        if (source.Store.TokenCount < 2)
        {
            throw new CoppiceException($"{source.Name}: the source has a single token, so there is no next one to predict. Give it more text.");
        }

        if (source.Store.TokenizerFingerprint != first.Store.TokenizerFingerprint)
        {
            throw new CoppiceException(
                $"{source.Name}: its tokens were made with another tokenizer than those of {first.Name}. Build both with one tokenizer.");
        }
    }

    private static CoppiceException Impossible() =>
        new("The saved data position is damaged: its counts don't fit the sources. Use an earlier checkpoint.");
}
