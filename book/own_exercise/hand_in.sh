cd my-class
mkdir -p inbox/ada/09_attention inbox/grace/09_attention
cp source/09_attention/09_attention.ipynb inbox/ada/09_attention/
sed "s: / np.sqrt(D)::" source/09_attention/09_attention.ipynb \
    > inbox/grace/09_attention/09_attention.ipynb
