using System.Runtime.InteropServices;
using Coppice.Corpus;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// An endless stream of the examples of a task, in another order each epoch: what a step trains on, packed without padding. The order is a function of the seed, so the
/// place in the stream is one number.
/// </summary>
/// <remarks>The documents of an example stay in one batch, in their order, and have the example's number as their source.</remarks>
public sealed class TaskSampler
{
    private const ulong OrderStream = 0x5441534B00000000;

    private readonly IReadOnlyList<TaskExample> _examples;
    private readonly int _examplesPerStep;
    private readonly int _batchTokens;
    private readonly ulong _seed;
    private readonly int[] _order;
    private readonly List<PackedBatch> _batches = [];
    private long _epoch = -1;

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

    /// <summary>The micro-batches of the next step. They are filled anew by the next call.</summary>
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
