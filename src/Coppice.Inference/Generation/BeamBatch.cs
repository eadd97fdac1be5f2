using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// Several texts with one beginning, and what the model expects after each. A pass computes the next token of all of them; a text that goes on in two ways has its
/// keys and values copied.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class BeamBatch : IDisposable
{
    private const int SmallestCapacity = 64;

    private readonly LanguageModel _model;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private KeyValueCache? _cache;
    private float[] _logits = [];
    private int _longest;

    // The slot of each text.
    private int[] _slots = [];

    /// <summary>No text.</summary>
    /// <param name="model">The model.</param>
    public BeamBatch(LanguageModel model)
    {
        _model = model;
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>Begins with one text.</summary>
    /// <param name="prompt">Its tokens, at least one.</param>
    /// <param name="most">The most texts that will become of it.</param>
    /// <param name="longest">The most tokens that a text will have.</param>
    /// <returns>The logits after it: [vocabulary]. Valid until the next call.</returns>
    public Span<float> Begin(scoped ReadOnlySpan<int> prompt, int most, int longest)
    {
        _cache?.Dispose();
        _longest = longest;
        _cache = _model.CreateCache(CapacityFor(prompt.Length), most);
        _slots = [0];
        return Pass(_cache, prompt, [new CacheRun(0, prompt.Length)]);
    }

    /// <summary>Goes on with some of the texts, each with a token more.</summary>
    /// <param name="tokens">The tokens; as many texts there are from here on.</param>
    /// <param name="parents">To which of the texts so far each is added.</param>
    /// <returns>The logits after them: [texts, vocabulary]. Valid until the next call.</returns>
    public Span<float> Next(scoped ReadOnlySpan<int> tokens, scoped ReadOnlySpan<int> parents)
    {
        var cache = Fork(parents);
        var runs = new CacheRun[tokens.Length];
        for (var i = 0; i < runs.Length; i++) runs[i] = new CacheRun(_slots[i], 1);
        return Pass(cache, tokens, runs);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        _cache?.Dispose();
    }

    /// <summary>Gives each text a slot: the first child of a parent its parent's, the others one that nobody goes on with, and a copy.</summary>
    private KeyValueCache Fork(ReadOnlySpan<int> parents)
    {
        var cache = WithRoom();
        var slots = new int[parents.Length];
        var taken = new bool[cache.Slots];
        for (var i = 0; i < slots.Length; i++)
        {
            var slot = _slots[parents[i]];
            slots[i] = taken[slot] ? -1 : slot;
            taken[slot] = true;
        }

        var free = 0;
        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i] >= 0) continue;
            while (taken[free]) free++;
            taken[free] = true;
            slots[i] = free;
            cache.CopyFirst(free, cache, _slots[parents[i]], cache.LengthOf(_slots[parents[i]]));
        }

        _slots = slots;
        return cache;
    }

    /// <summary>Room for texts to grow in, of the kind that the longest one will be of: what is computed is not computed anew.</summary>
    private int CapacityFor(int length)
    {
        var few = _model.Configuration.ShortPositions;
        var capacity = Math.Max(SmallestCapacity, 2 * length);
        return _longest > few ? Math.Max(capacity, few + 1) : Math.Min(capacity, few);
    }

    /// <summary>The cache, with room for a token more; all texts have one length.</summary>
    private KeyValueCache WithRoom()
    {
        var cache = _cache ?? throw new InvalidOperationException("There is no text.");
        var length = cache.LengthOf(_slots[0]);
        if (length < cache.Capacity) return cache;
        _cache = _model.CreateCache(CapacityFor(length), cache.Slots);
        foreach (var slot in _slots) _cache.CopyFirst(slot, cache, slot, length);
        cache.Dispose();
        return _cache;
    }

    /// <summary>Computes the logits after the last token of each run.</summary>
    private Span<float> Pass(KeyValueCache cache, scoped ReadOnlySpan<int> tokens, scoped ReadOnlySpan<CacheRun> runs)
    {
        try
        {
            _input.Set(_tape, tokens, cache, runs);
            var hidden = _model.Hidden(_tape, _input);
            // One run of any length, or runs of one token each.
            var logits = _model.Logits(_tape, _tape.SliceRows(hidden, tokens.Length - runs.Length, runs.Length));
            if (_logits.Length < logits.Count) _logits = new float[logits.Count];
            logits.CopyTo(_logits.AsSpan(0, (int)logits.Count));
        }
        finally
        {
            _tape.Reset();
        }

        foreach (var run in runs) cache.Advance(run.Tokens, run.Slot);
        return _logits.AsSpan(0, runs.Length * _model.Configuration.VocabularySize);
    }
}
