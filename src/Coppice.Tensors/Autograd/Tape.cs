namespace Coppice.Tensors;

/// <summary>
/// Runs operations at once and records them, so that <see cref="Backward"/> can run them in reverse. Operations are extension methods
/// (<c>tape.Linear(x, …)</c>), one file each. Memory comes from an arena and goes back to it as the backward pass proceeds; after the first
/// steps a step allocates nothing.
/// </summary>
/// <remarks>Gradients of parameters are added to, until their <see cref="ParameterSet"/> clears them. Not thread-safe.</remarks>
public sealed unsafe class Tape : IDisposable
{
    private readonly List<Operation> _operations = [];
    private readonly List<Stack<Operation>> _pools = [];
    private List<Tensor> _tensors = [];
    private List<IntTensor> _integers = [];

    // The objects of the step before rest for a step before they are used again: whoever still holds one finds it empty.
    private List<Tensor> _restingTensors = [];
    private List<IntTensor> _restingIntegers = [];
    private int _tensorCount;
    private int _integerCount;
    private ulong _randomSeed;
    private ulong _randomStep;
    private uint _randomOperation;

    // Whether an operation came since this was cleared whose result would have a gradient if it were recorded.
    private bool _gradientWanted;

    /// <summary>Creates an empty tape.</summary>
    /// <param name="backend">Computes.</param>
    public Tape(Backend backend)
    {
        Backend = backend;
        Arena = new Arena(backend);
    }

    /// <summary>What computes.</summary>
    public Backend Backend { get; }

    /// <summary>The memory of the step.</summary>
    public Arena Arena { get; }

    /// <summary>Whether operations are recorded for a backward pass. Off for evaluation and generation, where memory is given back at once.</summary>
    public bool Recording { get; set; } = true;

    /// <summary>Whether <see cref="Run"/> keeps only the input of a block and computes the rest again in the backward pass.</summary>
    public bool Recomputing { get; set; }

    /// <summary>Whether the pass that is computed is one of training: for dropout in places that see the tape but not the model's input, which sets it.</summary>
    public bool Training { get; set; }

    /// <summary>Names the random numbers (dropout) of the operations that follow.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="step">The number of the micro-batch in the run.</param>
    public void SeedRandom(ulong seed, ulong step) => (_randomSeed, _randomStep, _randomOperation) = (seed, step, 0);

    /// <summary>A tensor with given values that wants no gradient.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="values">As many values.</param>
    public Tensor Constant(Shape shape, ReadOnlySpan<float> values)
    {
        var tensor = NewTensor(shape, requiresGradient: false);
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>A tensor with given values whose gradient is wanted.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="values">As many values.</param>
    public Tensor Variable(Shape shape, ReadOnlySpan<float> values)
    {
        var tensor = Constant(shape, values);
        tensor.RequiresGradient = true;
        tensor.Kept = true;
        return tensor;
    }

    /// <summary>Integers in the backend's memory.</summary>
    /// <param name="values">The integers.</param>
    public IntTensor Integers(ReadOnlySpan<int> values)
    {
        if (_integerCount == _integers.Count) _integers.Add(new IntTensor());
        var tensor = _integers[_integerCount++];
        tensor.Count = values.Length;
        tensor.Data = (int*)Arena.Allocate((long)values.Length * sizeof(int));
        Backend.CopyFromHost(values, tensor.Data);
        return tensor;
    }

    /// <summary>Keeps a tensor readable, and its gradient, after the backward pass until the reset.</summary>
    /// <param name="tensor">The tensor.</param>
    public static void Keep(Tensor tensor)
    {
        tensor.Kept = true;
        if (tensor.ViewOf is not null) tensor.ViewOf.Kept = true;
    }

    /// <summary>
    /// Runs a block. While recording, with <see cref="Recomputing"/>, only the block's input is kept; while not recording, and where nothing in the block or
    /// below it has a gradient (the layers of a frozen model under the first that is adapted), everything the block made but its output is given back, and so is
    /// its input unless it is kept.
    /// </summary>
    /// <param name="block">The block.</param>
    /// <param name="x">Its input.</param>
    public Tensor Run(IBlock block, Tensor x)
    {
        var (first, firstOperation) = (_tensorCount, _operations.Count);
        if (Recording && !Recomputing)
        {
            var recorded = block.Forward(this, x);
            // Nothing was recorded: no backward pass will read what the block made.
            if (!x.RequiresGradient && _operations.Count == firstOperation) ReleaseBlock(recorded, x, first);
            return recorded;
        }

        var firstRandom = _randomOperation;
        var (recording, kept, wantedBefore) = (Recording, x.Kept, _gradientWanted);
        _gradientWanted = x.RequiresGradient;
        // The input has to outlive a block that will be run again, whatever works in place in there.
        (Recording, x.Kept) = (false, kept || recording);
        var y = block.Forward(this, x);
        (Recording, x.Kept) = (recording, kept);
        var wanted = _gradientWanted;
        _gradientWanted |= wantedBefore;
        if (ReferenceEquals(x, y)) return y;
        if (recording && wanted)
        {
            for (var i = first; i < _tensorCount; i++) ReleaseBehind(y, _tensors[i]);
            y.RequiresGradient = true;
            var operation = Rent<RecomputedBlock>();
            (operation.Block, operation.X, operation.FirstRandom) = (block, x, firstRandom);
            Record(operation, y);
        }
        else
        {
            ReleaseBlock(y, x, first);
        }

        return y;
    }

    /// <summary>Computes the gradients of a scalar with respect to all that requires one, and gives back the memory of the step on the way.</summary>
    /// <param name="loss">A tensor of one element.</param>
    public void Backward(Tensor loss)
    {
        if (loss.Count != 1) throw new InvalidOperationException($"The gradient of a scalar is wanted, and this tensor has the shape {loss.Shape}.");
        if (!loss.HasData || loss.HasGradient || _operations.Count == 0)
            throw new InvalidOperationException("Nothing is recorded any more that leads to this tensor: a backward pass uses the record up, and a reset forgets it. Losses are added up before the backward pass.");
        if (!loss.RequiresGradient) throw new InvalidOperationException("Nothing that the loss depends on requires a gradient, or the tape was not recording.");
        loss.Kept = true;
        var one = 1f;
        Backend.CopyFromHost(new ReadOnlySpan<float>(in one), GradientToAdd(loss));
        BackwardTo(0);
    }

    /// <summary>Forgets everything recorded and takes back all memory. Tensors made by the tape must not be used afterwards.</summary>
    public void Reset()
    {
        foreach (var operation in _operations) Return(operation);
        _operations.Clear();
        for (var i = 0; i < _tensorCount; i++) Release(_tensors[i], evenIfKept: true);
        for (var i = 0; i < _integerCount; i++)
        {
            Arena.Free(_integers[i].Data);
            _integers[i].Data = null;
        }

        (_tensorCount, _integerCount) = (0, 0);
        (_tensors, _restingTensors) = (_restingTensors, _tensors);
        (_integers, _restingIntegers) = (_restingIntegers, _integers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        Arena.Dispose();
    }

    internal Tensor NewTensor(Shape shape, bool requiresGradient)
    {
        var tensor = NewView(shape, requiresGradient, (float*)Arena.Allocate(shape.Count * sizeof(float)));
        tensor.Transient = true;
        return tensor;
    }

    /// <summary>A tensor over memory that another one owns.</summary>
    internal Tensor NewView(Shape shape, bool requiresGradient, float* data)
    {
        if (_tensorCount == _tensors.Count) _tensors.Add(new Tensor(Backend));
        var tensor = _tensors[_tensorCount++];
        tensor.Shape = shape;
        tensor.RequiresGradient = Recording && requiresGradient;
        _gradientWanted |= requiresGradient;
        tensor.Data = data;
        tensor.Gradient = null;
        tensor.Transient = false;
        tensor.Kept = false;
        tensor.ReadBackward = false;
        tensor.ViewOf = null;
        return tensor;
    }

    /// <summary>A tensor that takes the memory of another one, which is used up; null where that memory is not free to be taken.</summary>
    internal Tensor? TakeOver(Tensor from, bool requiresGradient)
    {
        if (!from.CanBeTakenOver) return null;
        var tensor = NewView(from.Shape, requiresGradient, from.Data);
        from.Data = null;
        (tensor.Transient, from.Transient) = (true, false);
        return tensor;
    }

    internal float* NewFloats(long count) => (float*)Arena.Allocate(count * sizeof(float));

    internal void Free(float* pointer) => Arena.Free(pointer);

    /// <summary>The next stream of random numbers: for an operation that draws. Streams come in the order of the operations.</summary>
    public Philox NextRandom() => new(_randomSeed, (_randomStep << 24) | _randomOperation++);

    internal T Rent<T>()
        where T : Operation, new()
    {
        var kind = OperationKind<T>.Number;
        while (_pools.Count <= kind) _pools.Add(new Stack<Operation>());
        return _pools[kind].TryPop(out var operation) ? (T)operation : new T { Kind = kind };
    }

    internal void Record(Operation operation, Tensor output)
    {
        operation.Output = output;
        _operations.Add(operation);
    }

    /// <summary>Where a gradient is to be written (or added, where one has flowed before); null where none is wanted.</summary>
    internal float* Gradient(Tensor tensor, out bool accumulate)
    {
        accumulate = tensor.Gradient != null && !tensor.GradientIsStale;
        tensor.GradientIsStale = false;
        if (tensor.RequiresGradient && tensor.Gradient == null) tensor.Gradient = NewFloats(tensor.Count);
        return tensor.RequiresGradient ? tensor.Gradient : null;
    }

    /// <summary>Where a gradient is to be added; null where none is wanted.</summary>
    internal float* GradientToAdd(Tensor tensor)
    {
        var gradient = Gradient(tensor, out var accumulate);
        if (gradient != null && !accumulate) Backend.Zero(gradient, tensor.Count);
        return gradient;
    }

    /// <summary>The gradient of <paramref name="from"/> is also that of <paramref name="to"/>: hands the memory over where it can, adds where it must.</summary>
    /// <remarks>The last use of the gradient of <paramref name="from"/>.</remarks>
    internal void PassGradient(Tensor from, Tensor to)
    {
        if (!to.RequiresGradient) return;
        if (to.Gradient == null && !from.Kept)
        {
            to.Gradient = from.Gradient;
            from.Gradient = null;
            return;
        }

        AddGradient(from, to);
    }

    /// <summary>A gradient that is made whole before it goes where it belongs, through <see cref="HandOn"/>.</summary>
    internal Tensor NewCarrier(Shape shape, float* gradient)
    {
        var carrier = NewView(shape, requiresGradient: false, null);
        carrier.Gradient = gradient;
        return carrier;
    }

    /// <summary>Hands a carrier's gradient on and gives back what is left of it.</summary>
    internal void HandOn(Tensor carrier, Tensor to)
    {
        PassGradient(carrier, to);
        Release(carrier);
    }

    /// <summary>As <see cref="PassGradient"/>, where the gradient of <paramref name="from"/> is needed again.</summary>
    internal void AddGradient(Tensor from, Tensor to)
    {
        var gradient = Gradient(to, out var accumulate);
        if (gradient == null) return;
        if (accumulate) Backend.Add(to.Count, from.Gradient, gradient, gradient);
        else Backend.Copy(from.Gradient, gradient, to.Count);
    }

    /// <summary>Gives back a tensor's memory, if the tape owns it.</summary>
    internal void Release(Tensor tensor, bool evenIfKept = false)
    {
        if (tensor.Kept && !evenIfKept) return;
        if (tensor.Transient && tensor.HasData) Arena.Free(tensor.Data);
        tensor.Data = null;
        if (tensor.Gradient != null) Arena.Free(tensor.Gradient);
        tensor.Gradient = null;
        tensor.Transient = false;
    }

    /// <summary>Releases all that a block made or was given, but its result.</summary>
    private void ReleaseBlock(Tensor result, Tensor x, int first)
    {
        if (ReferenceEquals(result, x)) return;
        for (var i = first; i < _tensorCount; i++) ReleaseBehind(result, _tensors[i]);
        ReleaseBehind(result, x);
    }

    /// <summary>Releases what a block made or was given, but not its result, and not the memory that its result shows.</summary>
    private void ReleaseBehind(Tensor result, Tensor tensor)
    {
        if (ReferenceEquals(tensor, result)) return;
        if (ReferenceEquals(tensor, result.ViewOf) && tensor is { Transient: true, Kept: false })
        {
            (result.ViewOf, result.Transient, tensor.Transient) = (null, true, false);
            tensor.Data = null;
        }

        Release(tensor);
    }

    private void BackwardTo(int first)
    {
        while (_operations.Count > first)
        {
            var operation = _operations[^1];
            _operations.RemoveAt(_operations.Count - 1);
            // No gradient: the result did not reach the loss.
            if (operation.Output.Gradient != null) operation.Backward(this);
            // All that used the result came later on the tape and is done.
            Release(operation.Output);
            Return(operation);
        }
    }

    private void Return(Operation operation)
    {
        operation.Finish(this);
        _pools[operation.Kind].Push(operation);
    }

    private static class OperationKind<T>
    {
        public static readonly int Number = Interlocked.Increment(ref OperationKinds.Count) - 1;
    }

    private static class OperationKinds
    {
        public static int Count;
    }

    /// <summary>A block of which only the input was kept.</summary>
    private sealed class RecomputedBlock : Operation
    {
        public IBlock? Block { get; set; }

        public Tensor? X { get; set; }

        public uint FirstRandom { get; set; }

        internal override void Backward(Tape tape)
        {
            var next = tape._randomOperation;
            var (recording, recomputing) = (tape.Recording, tape.Recomputing);
            tape._randomOperation = FirstRandom;
            (tape.Recording, tape.Recomputing) = (true, false);
            var (first, firstTensor) = (tape._operations.Count, tape._tensorCount);
            var y = Block!.Forward(tape, X!);
            tape.PassGradient(Output, y);
            tape.BackwardTo(first);
            // What required no gradient was no operation's output and is still there.
            for (var i = firstTensor; i < tape._tensorCount; i++) tape.Release(tape._tensors[i]);
            tape._randomOperation = next;
            (tape.Recording, tape.Recomputing) = (recording, recomputing);
        }

        internal override void Clear() => (Block, X) = (null, null);
    }
}
