using System.Runtime.InteropServices;

namespace Coppice.Tensors;

// Optimizer kernels: called on one block at a time, by the thread that holds the block in its cache.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void AdamUpdate(long count, float* u, float* m, float* v, float* vmax, float beta1, float beta2, float epsilon, long step)
    {
        var correction1 = (float)(1 / (1 - Math.Pow(beta1, step)));
        var correction2 = (float)(1 / (1 - Math.Pow(beta2, step)));
        var b1 = S.Create(beta1);
        var b2 = S.Create(beta2);
        var r1 = S.Create(1 - beta1);
        var r2 = S.Create(1 - beta2);
        var c1 = S.Create(correction1);
        var c2 = S.Create(correction2);
        var e = S.Create(epsilon);
        for (var i = 0L; i < count; i += S.Width)
        {
            var rest = (int)Math.Min(S.Width, count - i);
            var whole = rest == S.Width;
            var g = whole ? S.Load(u + i) : Lanes<S, V>.LoadPart(u + i, rest);
            var first = S.MultiplyAdd(b1, whole ? S.Load(m + i) : Lanes<S, V>.LoadPart(m + i, rest), S.Multiply(r1, g));
            var second = S.MultiplyAdd(b2, whole ? S.Load(v + i) : Lanes<S, V>.LoadPart(v + i, rest), S.Multiply(S.Multiply(r2, g), g));
            Write(first, m + i, rest);
            Write(second, v + i, rest);
            if (vmax != null)
            {
                second = S.Max(whole ? S.Load(vmax + i) : Lanes<S, V>.LoadPart(vmax + i, rest), second);
                Write(second, vmax + i, rest);
            }

            var denominator = S.Add(S.Sqrt(S.Multiply(second, c2)), e);
            Write(S.Divide(S.Multiply(first, c1), denominator), u + i, rest);
        }
    }

    public override void MomentumUpdate(long count, float* u, float* m, float momentum, bool nesterov)
    {
        var mu = S.Create(momentum);
        for (var i = 0L; i < count; i += S.Width)
        {
            var rest = (int)Math.Min(S.Width, count - i);
            var whole = rest == S.Width;
            var g = whole ? S.Load(u + i) : Lanes<S, V>.LoadPart(u + i, rest);
            var velocity = S.MultiplyAdd(mu, whole ? S.Load(m + i) : Lanes<S, V>.LoadPart(m + i, rest), g);
            Write(velocity, m + i, rest);
            Write(nesterov ? S.MultiplyAdd(mu, velocity, g) : velocity, u + i, rest);
        }
    }

    public override void ForEachUpdateBlock(long count, Action<long, int> update)
    {
        var handle = GCHandle.Alloc(update);
        try
        {
            var job = new UpdateJob { Count = count, Block = UpdateBlock, Update = GCHandle.ToIntPtr(handle) };
            _pool.Run(ref job, checked((int)((count + UpdateBlock - 1) / UpdateBlock)));
        }
        finally
        {
            handle.Free();
        }
    }

    private static void Write(V value, float* destination, int count)
    {
        if (count == S.Width) S.Store(value, destination);
        else Lanes<S, V>.StorePart(value, destination, count);
    }

    private struct UpdateJob : IJob
    {
        public long Count;
        public int Block;
        public nint Update;

        public readonly void Run(int item, int worker)
        {
            var start = (long)item * Block;
            var update = (Action<long, int>)GCHandle.FromIntPtr(Update).Target!;
            update(start, (int)Math.Min(Block, Count - start));
        }
    }
}
