using System.Numerics;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// A text that an encoder has read and one that the decoder writes for it, and what the model expects next. What the decoder looks at in the source is computed
/// once, and keys and values of what it wrote are cached, so that a pass computes the new tokens only.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class TargetContext : IDisposable
{
    private const int SmallestCapacity = 64;

    private readonly T5Model _model;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly float[] _logits;
    private KeyValueCache? _source;
    private KeyValueCache? _written;

    /// <summary>A context without a text.</summary>
    /// <param name="model">The model.</param>
    public TargetContext(T5Model model)
    {
        _model = model;
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
        _logits = new float[model.Configuration.VocabularySize];
    }

    /// <summary>Reads a text, to write a new one for it.</summary>
    /// <param name="source">Its tokens, at least one.</param>
    public void Read(ReadOnlySpan<int> source)
    {
        _source?.Dispose();
        _source = null;
        _written?.Truncate(0);
        int[] positions = [.. Enumerable.Range(0, source.Length)];
        try
        {
            _input.Set(_tape, source, positions, [0, source.Length], training: false);
            _source = _model.ReadSource(_tape, _input);
        }
        finally
        {
            _tape.Reset();
        }
    }

    /// <summary>Appends a token to what is written.</summary>
    /// <param name="token">The token.</param>
    /// <returns>The logits of the token that comes next, [vocabulary]. The caller may change them; valid until the next call.</returns>
    public Span<float> Append(int token)
    {
        var cache = CacheForNext();
        try
        {
            _input.Set(_tape, [token], cache);
            _model.Logits(_tape, _model.Continue(_tape, _input, _source!)).CopyTo(_logits);
        }
        finally
        {
            _tape.Reset();
        }

        cache.Advance(1);
        return _logits;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        _source?.Dispose();
        _written?.Dispose();
    }

    /// <summary>The cache grows with the text: how long it becomes is not known.</summary>
    private KeyValueCache CacheForNext()
    {
        if (_written is not null && _written.Length < _written.Capacity) return _written;
        var length = (uint)(_written?.Length ?? 0) + 1;
        var larger = _model.NewCache((int)BitOperations.RoundUpToPowerOf2(Math.Max(length, SmallestCapacity)));
        if (_written is not null)
        {
            larger.CopyFirst(0, _written, 0, _written.Length);
            _written.Dispose();
        }

        return _written = larger;
    }
}
