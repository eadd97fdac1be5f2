using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Loop;

namespace Coppice.Adapters;

/// <summary>
/// An endless stream of the examples of a task, in another order each epoch: what a step trains on, packed without padding. The order is a function of the seed, so the
/// place in the stream is one number.
/// </summary>
/// <remarks>The documents of an example stay in one batch, in their order, and have the example's number as their source.</remarks>
public sealed class TaskSampler : IStepSource
{
    private const ulong OrderStream = 0x5441534B00000000;

    private readonly IReadOnlyList<TaskExample> _examples;
    private readonly int _examplesPerStep;
    private readonly int _batchTokens;
    private readonly ulong _seed;
    private readonly int[] _order;
    private readonly List<PackedBatch> _batches = [];
    private long _epoch = -1;
    private string? _fingerprint;

    /// <summary>Stands at the beginning of the stream.</summary>
    /// <param name="examples">The examples; at least one.</param>
    /// <param name="examplesPerStep">How many a step trains on.</param>
    /// <param name="batchTokens">The most tokens of a micro-batch: bounds the memory of a step and changes no result but by rounding. A longer example is one by itself.</param>
    /// <param name="seed">Decides the order.</param>
    public TaskSampler(IReadOnlyList<TaskExample> examples, int examplesPerStep, int batchTokens, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(examples.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(examplesPerStep, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchTokens, 1);
        (_examples, _examplesPerStep, _batchTokens, _seed) = (examples, examplesPerStep, batchTokens, seed);
        _order = new int[examples.Count];
    }

    /// <summary>Examples drawn so far. Setting it goes to that place.</summary>
    public long Drawn { get; set; }

    /// <summary>Steps of one pass over the examples, the last one not always whole.</summary>
    public int StepsPerEpoch => (_examples.Count + _examplesPerStep - 1) / _examplesPerStep;

    /// <inheritdoc/>
    public long TokensPerStep => Math.Max(1, _examples.Sum(example => (long)example.TokenCount) * _examplesPerStep / _examples.Count);

    /// <inheritdoc/>
    public SamplerPosition Position => new(Fingerprint(), Drawn, []);

    /// <inheritdoc/>
    public void Restore(SamplerPosition position)
    {
        if (position.Data != Fingerprint())
            throw new CoppiceException("the saved place in the data belongs to other examples: the files, the tokenizer, the length of documents or the seed have changed since. Go on with what the run began with, or start a new one");
        if (position.Sequences < 0) throw new CoppiceException("the saved place in the data is damaged: use an earlier checkpoint");
        Drawn = position.Sequences;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<PackedBatch> Next()
    {
        var used = 0;
        for (var i = 0; i < _examplesPerStep; i++, Drawn++)
        {
            var (epoch, place) = Math.DivRem(Drawn, (long)_examples.Count);
            if (epoch != _epoch) Shuffle(epoch);
            var number = _order[place];
            if (used == 0 || !_batches[used - 1].HasRoom(_examples[number], _batchTokens))
            {
                if (_batches.Count == used) _batches.Add(new PackedBatch());
                _batches[used++].Clear();
            }

            _batches[used - 1].Add(_examples[number], number);
        }

        return CollectionsMarshal.AsSpan(_batches)[..used];
    }

    /// <summary>A checksum of all that decides what a step trains on.</summary>
    private string Fingerprint()
    {
        if (_fingerprint is not null) return _fingerprint;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<long>([(long)_seed, _examplesPerStep, _batchTokens]));
        foreach (var document in _examples.SelectMany(example => example.Documents))
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([document.Tokens.Length, .. document.Tokens, .. document.Targets]));
            hash.AppendData(MemoryMarshal.AsBytes<float>(document.Weights));
        }

        return _fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Fisher and Yates.</summary>
    private void Shuffle(long epoch)
    {
        var random = new Philox(_seed, OrderStream + (ulong)epoch);
        for (var i = 0; i < _order.Length; i++) _order[i] = i;
        for (var i = _order.Length - 1; i > 0; i--)
        {
            var other = random.Integer((ulong)i, i + 1);
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }

        _epoch = epoch;
    }
}
