using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// The tokens of one pass through a model: a flat run of tokens with document boundaries and positions, or the continuation of sequences whose
/// earlier keys and values are cached. One object serves every step.
/// </summary>
public sealed class ModelInput
{
    private readonly LanguageModel _model;
    private IntTensor? _tokens;
    private IntTensor? _positions;
    private CacheRun[] _runs = [];
    private int[] _numbers = [];
    private int _runCount;
    private IntTensor? _tokenTypes;
    private int[] _scratch = [];
    private ModelInput? _source;
    private ModelInput? _target;

    /// <summary>An input for a model.</summary>
    /// <param name="model">The model; its vocabulary and longest position are checked.</param>
    public ModelInput(LanguageModel model) => _model = model;

    /// <summary>Number of tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Number of rows that the model computes: of the tokens, and of the virtual ones in front of texts that begin.</summary>
    public int RowCount => VirtualRows?.All.Count ?? Count;

    /// <summary>Which rows are tokens'; null where all are.</summary>
    public VirtualRows? VirtualRows { get; private set; }

    /// <summary>How many virtual tokens stand in front of each text, whether it begins here or began in the cache.</summary>
    public int Ahead { get; private set; }

    /// <summary>Whether dropout applies.</summary>
    public bool Training { get; private set; }

    /// <summary>Token ids.</summary>
    public IntTensor Tokens => _tokens ?? throw new InvalidOperationException("The input was not set.");

    /// <summary>Position of each row in its document, from the model's first on, or from the first of long documents (<see cref="ModelConfiguration.ShortPositions"/>).</summary>
    public IntTensor Positions => _positions ?? throw new InvalidOperationException("The input was not set.");

    /// <summary>The places of all rows of the cached sequence, new ones included, where its keys are turned as they are read; null elsewhere.</summary>
    public IntTensor? KeyPlaces { get; private set; }

    /// <summary>Type of each row, for models that have types.</summary>
    public IntTensor TokenTypes => _tokenTypes ?? throw new InvalidOperationException("The input was not set, or the model has no token types.");

    /// <summary>The largest of <see cref="Positions"/>.</summary>
    public int LastPosition { get; private set; }

    /// <summary>Which tokens attend to which.</summary>
    public AttentionLayout Layout { get; private set; }

    /// <summary>Of pairs, the texts that the encoder reads; null where the input has none.</summary>
    public ModelInput? Source { get; private set; }

    /// <summary>Of pairs, the texts that the decoder writes, each for the source of the same number; null where the input has none.</summary>
    public ModelInput? Target { get; private set; }

    /// <summary>The cache whose sequences are continued, or null.</summary>
    public KeyValueCache? Cache { get; private set; }

    /// <summary>Whose tokens they are, where a cache is continued.</summary>
    public ReadOnlySpan<CacheRun> Runs => _runs.AsSpan(0, Cache is null ? 0 : _runCount);

    /// <summary>Sets a packed batch.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids.</param>
    /// <param name="positions">Position of each token in its document.</param>
    /// <param name="cumulativeLengths">Documents + 1 cumulative lengths, from 0 to the number of tokens.</param>
    /// <param name="training">Whether dropout applies.</param>
    /// <param name="tokenTypes">Type of each token, for models that have types; empty for the first type everywhere.</param>
    /// <exception cref="CoppiceException">A token or a position is outside what the model has.</exception>
    public void Set(
        Tape tape, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> cumulativeLengths, bool training, ReadOnlySpan<int> tokenTypes = default)
    {
        if (positions.Length != tokens.Length || cumulativeLengths[^1] != tokens.Length)
            throw new ArgumentException($"{tokens.Length} tokens, {positions.Length} positions, documents up to {cumulativeLengths[^1]}.");
        CheckTokens(tokens);
        var last = 0;
        foreach (var position in positions)
        {
            if (position < 0) throw new ArgumentOutOfRangeException(nameof(positions));
            last = Math.Max(last, position);
        }

        Ahead = _model.Virtual?.Count ?? 0;
        CheckPosition(last + Ahead);
        (Count, Training, Cache, KeyPlaces, Source, Target) = (tokens.Length, training, null, null, null, null);
        tape.Training = training;
        _tokens = tape.Integers(tokens);
        var documents = cumulativeLengths.Length - 1;
        var offsets = Numbers(3 * documents + 1)[..(documents + 1)];
        var begun = _numbers.AsSpan(documents + 1, documents);
        var firsts = _numbers.AsSpan(2 * documents + 1, documents);
        cumulativeLengths.CopyTo(offsets);
        begun.Fill(Ahead);
        FindFirsts(positions, cumulativeLengths, firsts);
        SetRows(tape, positions, offsets, begun, firsts);
        _tokenTypes = _model.Configuration.TokenTypes > 0 ? tape.Integers(Types(tokenTypes, cumulativeLengths, begun)) : null;
        Layout = AttentionLayout.Packed(tape, offsets);
    }

    /// <summary>Sets a packed batch of pairs for an encoder-decoder: <see cref="Source"/> and <see cref="Target"/>. The input has no tokens of its own then.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids: all sources, then all targets.</param>
    /// <param name="positions">Position of each token in its document.</param>
    /// <param name="cumulativeLengths">2 · pairs + 1 cumulative lengths, from 0 to the number of tokens.</param>
    /// <param name="pairs">Number of pairs.</param>
    /// <param name="training">Whether dropout applies.</param>
    /// <exception cref="CoppiceException">A token is outside what the model has.</exception>
    public void SetPairs(Tape tape, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> cumulativeLengths, int pairs, bool training)
    {
        if (!_model.Configuration.IsEncoderDecoder || cumulativeLengths.Length != 2 * pairs + 1)
            throw new ArgumentException($"{pairs} pairs in {cumulativeLengths.Length - 1} documents, for a {_model.Configuration.ModelType} model.");
        var first = cumulativeLengths[pairs];
        (_source, _target) = (_source ?? new ModelInput(_model), _target ?? new ModelInput(_model));
        _source.Set(tape, tokens[..first], positions[..first], cumulativeLengths[..(pairs + 1)], training);
        Span<int> lengths = Scratch(pairs + 1);
        for (var i = 0; i <= pairs; i++) lengths[i] = cumulativeLengths[pairs + i] - first;
        _target.Set(tape, tokens[first..], positions[first..], lengths, training);
        (Count, Training, Cache, Source, Target, _tokens, _positions, VirtualRows) = (tokens.Length, training, null, _source, _target, null, null, null);
    }

    /// <summary>Sets the next tokens of a sequence. The pass writes their keys and values to the cache's first slot; advance it afterwards.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids.</param>
    /// <param name="cache">Holds the keys and values of the tokens before.</param>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, or the sequence too long.</exception>
    public void Set(Tape tape, ReadOnlySpan<int> tokens, KeyValueCache cache)
    {
        var run = new CacheRun(0, tokens.Length);
        Set(tape, tokens, cache, new ReadOnlySpan<CacheRun>(in run));
    }

    /// <summary>Sets the next tokens of several sequences, side by side. The pass writes their keys and values to their slots; advance those afterwards.</summary>
    /// <remarks>
    /// Where long documents have positions of their own (<see cref="ModelConfiguration.ShortPositions"/>), all sequences have them if the cache has room for such a one: what
    /// becomes of a sequence has to be known before its first token is read.
    /// </remarks>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids, run after run.</param>
    /// <param name="cache">Holds the keys and values of the tokens before.</param>
    /// <param name="runs">The slots, each at most once, and their numbers of tokens.</param>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, or a sequence too long.</exception>
    public void Set(Tape tape, ReadOnlySpan<int> tokens, KeyValueCache cache, ReadOnlySpan<CacheRun> runs)
    {
        CheckTokens(tokens);
        if (_runs.Length < runs.Length) _runs = new CacheRun[runs.Length];
        Ahead = _model.Virtual?.Count ?? 0;
        if (Ahead > cache.RowsAhead) throw new ArgumentException($"The cache has room for {cache.RowsAhead} virtual tokens in front of a text, and the model has {Ahead}: it was made before they were.");
        // For each run the first query (and at the end the number of all), the first key, the number of keys, of rows ahead of it and the row of position 0, then positions.
        var size = tokens.Length + 5 * runs.Length + 1;
        var queryOffsets = Numbers(size)[..(runs.Length + 1)];
        var keyOffsets = _numbers.AsSpan(runs.Length + 1, runs.Length);
        var keyLengths = _numbers.AsSpan(2 * runs.Length + 1, runs.Length);
        var begun = _numbers.AsSpan(3 * runs.Length + 1, runs.Length);
        var firsts = _numbers.AsSpan(4 * runs.Length + 1, runs.Length);
        var positions = _numbers.AsSpan(5 * runs.Length + 1, tokens.Length);
        (queryOffsets[0], LastPosition) = (0, 0);
        var firstPosition = cache.TurnsOnRead ? _model.Configuration.FirstPosition : _model.Configuration.FirstPositionOf(Ahead + cache.Capacity);
        for (var r = 0; r < runs.Length; r++)
        {
            var (slot, count) = (runs[r].Slot, runs[r].Tokens);
            var (first, length) = (queryOffsets[r], cache.LengthOf(slot));
            if (count > cache.RoomOf(slot)) throw new ArgumentException($"The cache has room for {cache.Capacity} tokens a sequence.");
            if (count > tokens.Length - first) throw new ArgumentException($"{tokens.Length} tokens are fewer than the runs have.");
            CheckPosition(Ahead + length + count - 1);
            for (var i = 0; i < count; i++) positions[first + i] = length + i;
            (queryOffsets[r + 1], keyOffsets[r], keyLengths[r], begun[r]) = (first + count, cache.RowOf(slot) - Ahead, Ahead + length + count, length == 0 ? Ahead : 0);
            (_runs[r], firsts[r]) = (runs[r] with { Ahead = begun[r] }, firstPosition);
            LastPosition = Math.Max(LastPosition, firstPosition + Ahead + length + count - 1);
        }

        if (queryOffsets[^1] != tokens.Length) throw new ArgumentException($"{tokens.Length} tokens, runs of {queryOffsets[^1]}.");
        (Count, Training, Cache, Source, Target, _runCount) = (tokens.Length, false, cache, null, null, runs.Length);
        tape.Training = false;
        _tokens = tape.Integers(tokens);
        SetRows(tape, positions, queryOffsets, begun, firsts);
        KeyPlaces = cache.TurnsOnRead ? tape.Integers(Places(keyLengths[0])) : null;
        Layout = new AttentionLayout(runs.Length, tape.Integers(queryOffsets), tape.Integers(keyOffsets), tape.Integers(keyLengths));
    }

    /// <summary>
    /// Sets a tree of tokens that may follow a sequence: each sees the sequence and the tokens on its way to the tree's first one, and its position is behind the last of them.
    /// The pass writes keys and values of all to the cache's first slot; keep one path afterwards (<see cref="KeyValueCache.Keep"/>).
    /// </summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids, at most <see cref="AttentionLayout.MostTreeQueries"/>.</param>
    /// <param name="parents">The token that each follows, which comes before it: -1 for the first one.</param>
    /// <param name="cache">Holds the keys and values of the sequence.</param>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, or the sequence too long.</exception>
    public void SetTree(Tape tape, ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, KeyValueCache cache)
    {
        if (tokens.Length > AttentionLayout.MostTreeQueries || parents.Length != tokens.Length || cache.TurnsOnRead)
            throw new ArgumentException($"A tree of {tokens.Length} tokens and {parents.Length} parents; at most {AttentionLayout.MostTreeQueries}, in a cache of turned keys.");
        Set(tape, tokens, cache);
        var first = LastPosition - (tokens.Length - 1);
        var positions = Scratch(tokens.Length);
        for (var row = 0; row < positions.Length; row++)
        {
            if (parents[row] >= row || parents[row] < (row == 0 ? -1 : 0)) throw new ArgumentException($"Token {row} can't follow token {parents[row]}.", nameof(parents));
            positions[row] = row == 0 ? first : positions[parents[row]] + 1;
        }

        _positions = tape.Integers(positions);
        Layout = Layout with { Parents = tape.Integers(parents) };
    }

    /// <summary>Targets in the backend's memory, checked against the vocabulary as tokens are.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="targets">Token ids.</param>
    /// <exception cref="CoppiceException">A target is outside the vocabulary.</exception>
    public IntTensor Targets(Tape tape, ReadOnlySpan<int> targets)
    {
        CheckTokens(targets);
        return tape.Integers(targets);
    }

    private ReadOnlySpan<int> Places(int count)
    {
        var places = Scratch(count);
        for (var i = 0; i < count; i++) places[i] = i < Ahead && !_model.Virtual!.HavePlaces ? 0 : i;
        return places;
    }

    /// <summary>The row of each document's first position, and the last row of all.</summary>
    private void FindFirsts(ReadOnlySpan<int> positions, ReadOnlySpan<int> cumulativeLengths, Span<int> firsts)
    {
        LastPosition = 0;
        for (var d = 0; d < firsts.Length; d++)
        {
            var (start, end, last) = (cumulativeLengths[d], cumulativeLengths[d + 1], 0);
            for (var i = start; i < end; i++) last = Math.Max(last, positions[i]);
            firsts[d] = _model.Configuration.FirstPositionOf(Ahead + last + 1);
            if (end > start) LastPosition = Math.Max(LastPosition, firsts[d] + Ahead + last);
        }
    }

    /// <summary>Sets the positions of all rows, and which of them are virtual. Positions are given from 0 on, and where those of each document begin; offsets of tokens become those of rows.</summary>
    private void SetRows(Tape tape, ReadOnlySpan<int> positions, Span<int> offsets, ReadOnlySpan<int> begun, ReadOnlySpan<int> firsts)
    {
        var (added, shifted) = (0, Ahead > 0);
        foreach (var ahead in begun) added += ahead;
        foreach (var first in firsts) shifted |= first > 0;
        var step = _model.Virtual is { HavePlaces: true } ? 1 : 0;
        VirtualRows = null;
        if (added > 0)
        {
            var all = tape.Integers(Spread([], offsets, begun, first: positions.Length, step: 1, shift: 0));
            VirtualRows = new VirtualRows(all, tape.Integers(RowsOfTokens(positions.Length, offsets, begun)));
        }

        _positions = tape.Integers(added > 0 || shifted ? Spread(positions, offsets, begun, first: 0, step, shift: Ahead, firsts) : positions);
        var rows = 0;
        for (var r = 0; r < begun.Length; r++) offsets[r + 1] += rows += begun[r];
    }

    /// <summary>
    /// A number for each row: of virtual ones in front of a document from <paramref name="first"/> on, of tokens their value, or where there are no values their number, and the shift. Where
    /// <paramref name="firsts"/> has a number for each document, that is added to all of it.
    /// </summary>
    private Span<int> Spread(ReadOnlySpan<int> values, ReadOnlySpan<int> offsets, ReadOnlySpan<int> begun, int first, int step, int shift, ReadOnlySpan<int> firsts = default)
    {
        var rows = offsets[^1];
        foreach (var ahead in begun) rows += ahead;
        var spread = Scratch(rows);
        var row = 0;
        for (var d = 0; d < begun.Length; d++)
        {
            var added = firsts.IsEmpty ? 0 : firsts[d];
            for (var i = 0; i < begun[d]; i++) spread[row++] = added + first + step * i;
            for (var token = offsets[d]; token < offsets[d + 1]; token++) spread[row++] = added + (values.IsEmpty ? token : values[token]) + shift;
        }

        return spread;
    }

    private ReadOnlySpan<int> RowsOfTokens(int count, ReadOnlySpan<int> offsets, ReadOnlySpan<int> begun)
    {
        var rows = Scratch(count);
        var ahead = 0;
        for (var d = 0; d < begun.Length; d++)
        {
            ahead += begun[d];
            for (var token = offsets[d]; token < offsets[d + 1]; token++) rows[token] = token + ahead;
        }

        return rows;
    }

    private Span<int> Numbers(int count)
    {
        if (_numbers.Length < count) _numbers = new int[count];
        return _numbers.AsSpan(0, count);
    }

    private ReadOnlySpan<int> Types(ReadOnlySpan<int> types, ReadOnlySpan<int> offsets, ReadOnlySpan<int> begun)
    {
        if (types.Length == 0)
        {
            var none = Scratch(RowCount);
            none.Clear();
            return none;
        }

        if (types.Length != Count) throw new ArgumentException($"{Count} tokens, {types.Length} types.");
        foreach (var type in types)
        {
            if ((uint)type >= (uint)_model.Configuration.TokenTypes) throw new CoppiceException($"Token type {type} is outside the model's {_model.Configuration.TokenTypes}.");
        }

        return VirtualRows is null ? types : Spread(types, offsets, begun, first: 0, step: 0, shift: 0);
    }

    private Span<int> Scratch(int count)
    {
        if (_scratch.Length < count) _scratch = new int[count];
        return _scratch.AsSpan(0, count);
    }

    private void CheckTokens(ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)_model.Configuration.VocabularySize)
                throw new CoppiceException($"Token {token} is outside the model's vocabulary of {_model.Configuration.VocabularySize}: model and tokenizer don't belong together.");
        }
    }

    private void CheckPosition(int position)
    {
        if (_model.Configuration.HasLongestSequence && position >= _model.Configuration.MaxPositions)
            throw new CoppiceException($"The model takes at most {_model.Configuration.MaxPositions} tokens at a time, and this is token {position + 1}: cut the text into shorter pieces.");
    }
}
