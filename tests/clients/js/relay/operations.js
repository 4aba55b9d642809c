// Read only by relay-compiler; relay.mjs runs its output.
graphql`
  query operationsTransactionsQuery($wallet: ID!, $after: String) {
    node(id: $wallet) {
      id
      ... on Wallet {
        balance
        transactions(first: 3, after: $after) @connection(key: "operations_transactions") {
          __id
          edges {
            node {
              id
              txid
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`;

graphql`
  mutation operationsOpenMutation($input: CreateWalletInput!) {
    createWallet(input: $input) {
      wallet {
        id
        balance
      }
      userErrors {
        code
      }
    }
  }
`;

graphql`
  mutation operationsPostMutation($input: CreateTransactionInput!, $connections: [ID!]!) {
    createTransaction(input: $input) {
      transaction @appendNode(connections: $connections, edgeTypeName: "TransactionEdge") {
        id
        txid
        wallet {
          id
          balance
        }
      }
      userErrors {
        code
        field
      }
    }
  }
`;
