using System.Numerics;
using System.Runtime.InteropServices;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// A sequence that grows, and what the model expects after it. Keys and values are cached, so that a pass computes the new tokens only.
/// When the sequence no longer fits the model's longest, its last half is computed anew as a sequence of its own and the rest is forgotten; with a window,
/// the oldest tokens behind the first ones are forgotten and nothing is computed anew. A sequence that becomes longer than the model's short ones
/// (<see cref="ModelConfiguration.ShortPositions"/>) is computed anew too: its tokens have other positions then.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class DecodingContext : IDisposable
{
    private const int SmallestCapacity = 64;

    private readonly LanguageModel _model;
    private readonly AttentionWindow? _window;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _tokens = [];
    private KeyValueCache? _cache;
    private float[] _logits;

    /// <summary>An empty sequence.</summary>
    /// <param name="model">The model.</param>
    /// <param name="window">What is kept of a text without end; null for what the model's positions hold.</param>
    /// <exception cref="Foundation.CoppiceException">The model can't have the window.</exception>
    public DecodingContext(LanguageModel model, AttentionWindow? window = null)
    {
        window?.Check(model);
        (_model, _window) = (model, window);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
        _logits = new float[model.Configuration.VocabularySize];
    }

    /// <summary>How many tokens fit before the first ones are forgotten or computed anew.</summary>
    public int Room => (_window?.Tokens ?? LongestOfKind(_tokens.Count)) - _tokens.Count;

    /// <summary>How many tokens have their keys and values cached.</summary>
    public int Kept => _cache?.Length ?? 0;

    /// <summary>How many tokens the cache has memory for.</summary>
    public int Capacity => _cache?.Capacity ?? 0;

    /// <summary>Begins a new sequence.</summary>
    public void Clear()
    {
        _tokens.Clear();
        _cache?.Truncate(0);
    }

    /// <summary>Appends tokens, in one pass where they fit.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="rows">After how many of the last tokens logits are wanted; more than one where the tokens fit only.</param>
    /// <returns>The logits of the token that comes next, after each of those: [rows, vocabulary]. The caller may change them; valid until the next call.</returns>
    public Span<float> Append(scoped ReadOnlySpan<int> tokens, int rows = 1)
    {
        if (_window is not null) return AppendWithin(_window, tokens, rows);
        _tokens.AddRange(tokens);
        var longest = _model.MaxTokens;
        if (_tokens.Count > longest)
        {
            _tokens.RemoveRange(0, _tokens.Count - Math.Max(1, longest / 2));
            _cache?.Truncate(0);
        }

        return Pass(rows);
    }

    /// <summary>Appends a tree of tokens, of which <see cref="Keep"/> keeps one path.</summary>
    /// <param name="tokens">As many as fit at most; the first one follows the sequence.</param>
    /// <param name="parents">The token that each follows, which comes before it: -1 for the first one.</param>
    /// <returns>The logits after each: [tokens, vocabulary]. The caller may change them; valid until the next call.</returns>
    public Span<float> Append(scoped ReadOnlySpan<int> tokens, scoped ReadOnlySpan<int> parents)
    {
        for (var row = 0; row < parents.Length; row++)
        {
            if (parents[row] == row - 1) continue;
            _tokens.AddRange(tokens);
            return Pass(tokens.Length, parents);
        }

        return Append(tokens, tokens.Length);
    }

    /// <summary>Forgets all of the tokens that were appended last but some.</summary>
    /// <param name="path">Which of them stay, in ascending order; at least the first one.</param>
    /// <param name="count">How many were appended.</param>
    public void Keep(scoped ReadOnlySpan<int> path, int count)
    {
        var first = _tokens.Count - count;
        for (var i = 0; i < path.Length; i++) _tokens[first + i] = _tokens[first + path[i]];
        _tokens.RemoveRange(first + path.Length, count - path.Length);
        _cache!.Keep(_cache.Length - count, path);
    }

    /// <summary>Appends tokens in as many passes as the window needs, each after as many old tokens are forgotten as it has no room for.</summary>
    private Span<float> AppendWithin(AttentionWindow window, scoped ReadOnlySpan<int> tokens, int rows)
    {
        while (true)
        {
            var room = Room;
            var piece = tokens[..Math.Min(tokens.Length, room > 0 ? room : window.Piece)];
            if (piece.Length > room)
            {
                _tokens.RemoveRange(window.Sinks, piece.Length - room);
                _cache!.Forget(window.Sinks, piece.Length - room);
            }

            _tokens.AddRange(piece);
            tokens = tokens[piece.Length..];
            var logits = Pass(tokens.Length == 0 ? rows : 1);
            if (tokens.Length == 0) return logits;
        }
    }

    /// <summary>Computes the tokens that are not cached.</summary>
    private Span<float> Pass(int rows, scoped ReadOnlySpan<int> parents = default)
    {
        var cache = CacheFor(_tokens.Count);
        var next = CollectionsMarshal.AsSpan(_tokens)[cache.Length..];
        try
        {
            if (parents.IsEmpty) _input.Set(_tape, next, cache);
            else _input.SetTree(_tape, next, parents, cache);
            var hidden = _model.Hidden(_tape, _input);
            var logits = _model.Logits(_tape, _tape.SliceRows(hidden, next.Length - rows, rows));
            if (_logits.Length < logits.Count) _logits = new float[logits.Count];
            logits.CopyTo(_logits.AsSpan(0, (int)logits.Count));
        }
        finally
        {
            _tape.Reset();
        }

        cache.Advance(next.Length);
        return _logits.AsSpan(0, rows * _model.Configuration.VocabularySize);
    }

    /// <summary>Forgets the last tokens.</summary>
    /// <param name="count">How many of those that were appended last.</param>
    public void Drop(int count)
    {
        _tokens.RemoveRange(_tokens.Count - count, count);
        _cache?.Truncate(_tokens.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        _cache?.Dispose();
    }

    /// <summary>The cache grows with the sequence: models allow for positions that most texts never reach.</summary>
    private KeyValueCache CacheFor(int length)
    {
        // A full window needs all of its memory, to forget in.
        if (_window is not null && length == _window.Tokens) length = _window.Capacity;
        var most = _window?.Capacity ?? LongestOfKind(length);
        var isOfKind = _cache is not null && (_window is not null || IsShort(_cache.Capacity) == IsShort(length));
        if (isOfKind && _cache!.Capacity >= length) return _cache;
        var capacity = (int)Math.Min((uint)most, BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, SmallestCapacity)));
        var larger = _window is null ? _model.CreateCache(capacity) : _model.CreateForgettingCache(capacity);
        if (isOfKind) larger.CopyFirst(0, _cache!, 0, _cache!.Length);
        _cache?.Dispose();
        return _cache = larger;
    }

    private bool IsShort(int length) => length <= ShortTokens;

    /// <summary>The longest text whose positions are those of short ones: virtual tokens in front of it take some.</summary>
    private int ShortTokens => _model.Configuration.ShortPositions - (_model.Configuration.MaxPositions - _model.MaxTokens);

    /// <summary>How long a sequence of a length can become without other positions.</summary>
    private int LongestOfKind(int length)
    {
        var (most, few) = (_model.MaxTokens, ShortTokens);
        return length <= few ? Math.Min(few, most) : most;
    }
}
