namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void AddDifference(long count, float a, float* weights, float* x, float* center, float* y)
    {
        for (var i = 0L; i < count; i++) y[i] = (float)(y[i] + (double)a * (weights == null ? 1 : weights[i]) * ((double)x[i] - center[i]));
    }

    public override double SquaredDistance(long count, float* weights, float* x, float* y)
    {
        double sum = 0;
        for (var i = 0L; i < count; i++)
        {
            var difference = (double)x[i] - y[i];
            sum += (weights == null ? 1 : weights[i]) * difference * difference;
        }

        return sum;
    }
}
