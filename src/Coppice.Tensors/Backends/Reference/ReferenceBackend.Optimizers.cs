namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void AdamUpdate(long count, float* u, float* m, float* v, float* vmax, float beta1, float beta2, float epsilon, long step)
    {
        var correction1 = 1 - Math.Pow(beta1, step);
        var correction2 = 1 - Math.Pow(beta2, step);
        for (var i = 0L; i < count; i++)
        {
            var first = (double)beta1 * m[i] + (1.0 - beta1) * u[i];
            var second = (double)beta2 * v[i] + (1.0 - beta2) * u[i] * u[i];
            m[i] = (float)first;
            v[i] = (float)second;
            if (vmax != null)
            {
                second = Math.Max(vmax[i], second);
                vmax[i] = (float)second;
            }

            u[i] = (float)(first / correction1 / (Math.Sqrt(second / correction2) + epsilon));
        }
    }

    public override void MomentumUpdate(long count, float* u, float* m, float momentum, bool nesterov)
    {
        for (var i = 0L; i < count; i++)
        {
            var velocity = (double)momentum * m[i] + u[i];
            m[i] = (float)velocity;
            u[i] = (float)(nesterov ? u[i] + momentum * velocity : velocity);
        }
    }

    public override void ForEachUpdateBlock(long count, Action<long, int> update)
    {
        for (var start = 0L; start < count; start += UpdateBlock) update(start, (int)Math.Min(UpdateBlock, count - start));
    }
}
